#include "load/target.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>

namespace ringcast::bench {

namespace {

void append_filled(std::string& out, std::string_view text, std::string_view topic,
                   std::string_view payload) {
  constexpr std::string_view kTopic = "{topic}";
  constexpr std::string_view kPayload = "{payload}";
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    out.append(text.substr(0, open));
    text.remove_prefix(open);
    if (text.starts_with(kTopic)) {
      out.append(topic);
      text.remove_prefix(kTopic.size());
    } else if (text.starts_with(kPayload)) {
      out.append(payload);
      text.remove_prefix(kPayload.size());
    } else {
      out.append(1, '{');
      text.remove_prefix(1);
    }
  }
  out.append(text);
}

std::string tail(const std::string& address, const std::vector<std::string>& headers) {
  std::string text = " HTTP/1.1\r\nHost: " + address + "\r\n";
  for (const std::string& header : headers) {
    text += header + "\r\n";
  }
  return text;
}

}  // namespace

sockaddr_in parse_address(const std::string& text) {
  const size_t colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (colon == std::string::npos ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    std::fprintf(stderr, "bench_load: %s: an address is like 127.0.0.1:8080\n", text.c_str());
    std::exit(2);
  }
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return address;
}

Requests::Requests(const Target& target)
    : subscribe_address(parse_address(target.address)),
      publish_address(
          parse_address(target.publish_address.empty() ? target.address : target.publish_address)),
      target_(target),
      publish_tail_(tail(target.publish_address.empty() ? target.address : target.publish_address,
                         target.publish_headers)),
      subscribe_tail_(tail(target.address, target.subscribe_headers)) {}

std::string Requests::subscribe(uint32_t topic, std::string_view last_id) const {
  std::string text = "GET ";
  append_filled(text, target_.subscribe_path, std::to_string(topic), {});
  text += subscribe_tail_ + "Accept: text/event-stream\r\n";
  if (!last_id.empty()) {
    text.append("Last-Event-ID: ").append(last_id).append("\r\n");
  }
  return text + "\r\n";
}

void Requests::append_publish(std::string& out, uint32_t topic,
                              const std::vector<std::string>& payloads) const {
  const std::string number = std::to_string(topic);
  std::string body;
  for (const std::string& payload : payloads) {
    append_filled(body, target_.publish_body, number, payload);
    if (payloads.size() > 1) {
      body += '\n';
    }
  }
  out += "POST ";
  append_filled(out, target_.publish_path, number, {});
  out += publish_tail_;
  out += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  out += body;
}

}  // namespace ringcast::bench
