#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.h"

namespace {

using ringcast::http::Limits;
using ringcast::http::Request;
using ringcast::http::RequestParser;
using Stage = RequestParser::Stage;

constexpr Limits kLimits{.max_head_bytes = 256, .max_body_bytes = 64};

// What came out of an input: the requests, and the code of the error that ended it, or -1.
struct Outcome {
  std::vector<std::string> requests;
  int code = -1;

  bool operator==(const Outcome&) const = default;
};

std::string render(const Request& request) {
  std::string text = std::to_string(static_cast<int>(request.method)) + ' ' + request.target;
  text += request.keep_alive ? 'k' : 'c';
  text += request.http_1_0 ? '0' : '1';
  for (const auto [name, value] : request.headers) {
    text.append("\n").append(name).append(":").append(value);
  }
  return text.append("\n\n").append(request.body);
}

class Run {
 public:
  explicit Run(bool streaming) : streaming_(streaming) {}

  void feed(std::string_view piece) {
    while (outcome_.code < 0) {
      if (parser_.stage() == Stage::kHeadDone && streaming_) {
        parser_.stream_body();
      }
      const auto consumed = parser_.feed(piece);
      if (!consumed) {
        outcome_.code = static_cast<int>(consumed.error().code);
        return;
      }
      piece.remove_prefix(*consumed);
      if (streaming_) {
        body_ += parser_.take_body();
      } else if (parser_.request().body.size() > kLimits.max_body_bytes) {
        std::abort();
      }
      if (parser_.stage() == Stage::kComplete) {
        outcome_.requests.push_back(render(parser_.take()) + body_);
        body_.clear();
      } else if (piece.empty() && parser_.stage() != Stage::kHeadDone) {
        return;
      }
    }
  }

  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

 private:
  bool streaming_;
  RequestParser parser_{kLimits};
  std::string body_;
  Outcome outcome_;
};

Outcome in_pieces(std::string_view input, size_t size, bool streaming) {
  Run run(streaming);
  for (size_t at = 0; at < input.size(); at += size) {
    run.feed(input.substr(at, size));
  }
  return run.outcome();
}

Outcome in_two(std::string_view input, size_t at, bool streaming) {
  Run run(streaming);
  run.feed(input.substr(0, at));
  run.feed(input.substr(at));
  return run.outcome();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const bool streaming : {false, true}) {
    const Outcome whole = in_pieces(input, std::max<size_t>(size, 1), streaming);
    if (in_pieces(input, 1, streaming) != whole) {
      std::abort();
    }
    // Every place is tried in small inputs, some in large ones.
    for (size_t at = 1; at < size; at += 1 + size / 128) {
      if (in_two(input, at, streaming) != whole) {
        std::abort();
      }
    }
  }
  return 0;
}
