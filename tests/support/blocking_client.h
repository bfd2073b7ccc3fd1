#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::test {

// An event or a block as a client gets it.
struct SseBlock {
  std::string id;
  std::string type;
  std::string data;
  std::string retry;
};

// Takes a stream apart at its blank lines. `rest`, if given, gets what no blank line has ended.
std::vector<SseBlock> parse_stream(std::string_view text, std::string* rest = nullptr);

// A client on a plain socket that waits for what it asks for: nothing is timed, but a read that
// gets nothing for a long time fails, so that a test ends. Failures show in what is returned.
class BlockingClient {
 public:
  // `receive_buffer` bounds what the kernel takes while the client does not read; 0: its own size.
  explicit BlockingClient(uint16_t port, int receive_buffer = 0);
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient();

  [[nodiscard]] bool is_connected() const noexcept { return descriptor_ >= 0; }
  void send(std::string_view text) const;
  // Everything up to and with `end`, or what had come when the connection ended.
  std::string read_until(std::string_view end);
  std::string read_to_end();
  // A whole answer with Content-Length, or its head alone when it has none.
  std::string read_answer();

  // POSTs to a topic and returns the answer.
  std::string publish(std::string_view topic, std::string_view data);
  // Asks for a stream and returns its head and its first block.
  std::string subscribe(std::string_view query);
  // The next `count` events of a stream (blocks with data).
  std::vector<SseBlock> read_events(size_t count);

  void close();

 private:
  bool fill();

  int descriptor_ = -1;
  std::string buffer_;
};

}  // namespace ringcast::test
