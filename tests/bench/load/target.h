#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::bench {

// How to talk to one broker. {topic} in paths and bodies stands for the topic's number, {payload}
// in bodies for the payload.
struct Target {
  std::string address = "127.0.0.1:8080";
  std::string publish_address;  // Empty: the same.
  std::string subscribe_path = "/events?topic=bench/{topic}";
  std::vector<std::string> subscribe_headers;
  std::string publish_path = "/topics/bench/{topic}";
  std::vector<std::string> publish_headers;
  std::string publish_body = "{payload}";
};

// 127.0.0.1:8080 as an address; ends the program on anything else.
sockaddr_in parse_address(const std::string& text);

// Writes the requests for a target; the head is put together once.
class Requests {
 public:
  explicit Requests(const Target& target);

  [[nodiscard]] std::string subscribe(uint32_t topic, std::string_view last_id) const;
  // One request with these payloads, each on a line of its own when there are several.
  void append_publish(std::string& out, uint32_t topic,
                      const std::vector<std::string>& payloads) const;

  const sockaddr_in subscribe_address;
  const sockaddr_in publish_address;

 private:
  Target target_;
  std::string publish_tail_;
  std::string subscribe_tail_;
};

}  // namespace ringcast::bench
