#include "support/blocking_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace ringcast::test {

namespace {

constexpr time_t kReadTimeoutSeconds = 60;  // Only so that a test that has failed ends.

bool is_field(std::string_view line, std::string_view name, std::string_view& value) {
  if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) {
    return false;
  }
  value = line.substr(name.size() + 2);
  return true;
}

void take_line(std::string_view line, SseBlock& block, bool& has_data) {
  std::string_view value;
  if (is_field(line, "id", value)) {
    block.id = value;
  } else if (is_field(line, "event", value)) {
    block.type = value;
  } else if (is_field(line, "retry", value)) {
    block.retry = value;
  } else if (is_field(line, "data", value)) {
    block.data.append(has_data ? "\n" : "").append(value);
    has_data = true;
  }
}

}  // namespace

std::vector<SseBlock> parse_stream(std::string_view text, std::string* rest) {
  std::vector<SseBlock> blocks;
  for (size_t end = text.find("\n\n"); end != std::string_view::npos; end = text.find("\n\n")) {
    std::string_view lines = text.substr(0, end + 1);
    SseBlock block;
    bool has_data = false;
    while (!lines.empty()) {
      const size_t line_end = lines.find('\n');
      take_line(lines.substr(0, line_end), block, has_data);
      lines.remove_prefix(line_end + 1);
    }
    blocks.push_back(std::move(block));
    text.remove_prefix(end + 2);
  }
  if (rest != nullptr) {
    *rest = text;
  }
  return blocks;
}

BlockingClient::BlockingClient(uint16_t port, int receive_buffer)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const timeval patience{.tv_sec = kReadTimeoutSeconds, .tv_usec = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close();
  }
}

BlockingClient::~BlockingClient() {
  close();
}

void BlockingClient::close() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

void BlockingClient::send(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return;  // The answer that does not come tells it.
    }
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

bool BlockingClient::fill() {
  std::array<char, 16384> bytes{};
  const ssize_t got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  if (got <= 0) {
    return false;
  }
  buffer_.append(bytes.data(), static_cast<size_t>(got));
  return true;
}

std::string BlockingClient::read_until(std::string_view end) {
  size_t at = buffer_.find(end);
  while (at == std::string::npos) {
    const size_t looked_at = buffer_.size() < end.size() ? 0 : buffer_.size() - end.size();
    if (!fill()) {
      return std::exchange(buffer_, {});
    }
    at = buffer_.find(end, looked_at);
  }
  std::string text = buffer_.substr(0, at + end.size());
  buffer_.erase(0, text.size());
  return text;
}

std::string BlockingClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

std::string BlockingClient::read_answer() {
  std::string answer = read_until("\r\n\r\n");
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const size_t at = answer.find(kLength);
  if (at == std::string::npos) {
    return answer;
  }
  const size_t length = std::stoul(answer.substr(at + kLength.size()));
  while (buffer_.size() < length && fill()) {
  }
  answer += buffer_.substr(0, length);
  buffer_.erase(0, length);
  return answer;
}

std::string BlockingClient::publish(std::string_view topic, std::string_view data) {
  std::string request = "POST /topics/";
  request.append(topic).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Length: ");
  request.append(std::to_string(data.size())).append("\r\n\r\n").append(data);
  send(request);
  return read_answer();
}

std::string BlockingClient::subscribe(std::string_view query) {
  std::string request = "GET /events?";
  request.append(query).append(" HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  send(request);
  std::string head = read_until("\r\n\r\n");
  return head + read_until("\n\n");
}

std::vector<SseBlock> BlockingClient::read_events(size_t count) {
  std::vector<SseBlock> events;
  while (events.size() < count) {
    const std::string block = read_until("\n\n");
    if (!block.ends_with("\n\n")) {
      break;  // The stream has ended.
    }
    if (block.find("data: ") != std::string::npos) {
      events.push_back(parse_stream(block).front());
    }
  }
  return events;
}

}  // namespace ringcast::test
