#include "topics/url_pattern_string.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "topics/url.h"
#include "topics/url_pattern_component.h"
#include "topics/url_pattern_token.h"

namespace ringcast::topics {

namespace {

// The states are in the order of the parts in a URL.
enum class State {
  kInit,
  kProtocol,
  kAuthority,
  kUsername,
  kPassword,
  kHostname,
  kPort,
  kPathname,
  kSearch,
  kHash,
  kDone,
};

class Splitter {
 public:
  Splitter(std::string_view text, std::vector<PatternToken> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Result<UrlPatternParts> split() {
    while (state_ != State::kDone) {
      step_ = 1;
      Status status = read_one();
      if (!status) {
        return std::move(status).failure();
      }
      at_ += step_;
    }
    if (parts_.hostname && !parts_.port) {
      parts_.port = "";  // The scheme's own: any port is written ":*".
    }
    return std::move(parts_);
  }

 private:
  Status read_one() {
    const PatternToken& token = tokens_[at_];
    if (token.type == PatternToken::Type::kEnd) {
      read_end();
      return Ok{};
    }
    // A part of the URL does not end within braces.
    if (token.type == PatternToken::Type::kOpen) {
      ++depth_;
      return Ok{};
    }
    if (depth_ > 0) {
      if (token.type != PatternToken::Type::kClose) {
        return Ok{};
      }
      --depth_;
    }
    return read_in_state();
  }

  void read_end() {
    if (state_ == State::kInit) {  // There is no protocol: the pattern is relative.
      rewind();
      if (is_text("#")) {
        change(State::kHash, 1);
      } else if (is_search_prefix()) {
        change(State::kSearch, 1);
      } else {
        change(State::kPathname, 0);
      }
    } else if (state_ == State::kAuthority) {  // There is no "@".
      rewind();
      state_ = State::kHostname;
    } else {
      change(State::kDone, 0);
    }
  }

  Status read_in_state() {
    switch (state_) {
      case State::kInit:
        if (is_text(":")) {
          rewind();
          state_ = State::kProtocol;
        }
        return Ok{};
      case State::kProtocol:
        return is_text(":") ? read_protocol() : Status(Ok{});
      case State::kAuthority:
        read_authority();
        return Ok{};
      case State::kUsername:
      case State::kPassword:
        if (state_ == State::kUsername && is_text(":")) {
          change(State::kPassword, 1);
        } else if (is_text("@")) {
          change(State::kHostname, 1);
        }
        return Ok{};
      case State::kHostname:
        read_hostname();
        return Ok{};
      case State::kPort:
      case State::kPathname:
      case State::kSearch:
        read_delimiter();
        return Ok{};
      case State::kHash:
      case State::kDone:
        return Ok{};
    }
    return Ok{};
  }

  Status read_protocol() {
    const auto special = matches_special_scheme(part_so_far());
    if (!special) {
      return fail(Errc::kInvalid, special.error().detail);
    }
    is_special_ = *special;
    const bool has_slashes = is_text("/", 1) && is_text("/", 2);
    const State next = has_slashes || is_special_ ? State::kAuthority : State::kPathname;
    change(next, has_slashes ? 3 : 1);
    return Ok{};
  }

  void read_authority() {
    if (is_text("@")) {
      rewind();
      state_ = State::kUsername;
    } else if (is_text("/") || is_search_prefix() || is_text("#")) {
      rewind();
      state_ = State::kHostname;
    }
  }

  void read_hostname() {
    if (is_text("[")) {
      ++brackets_;
    } else if (is_text("]")) {
      --brackets_;
    } else if (is_text(":") && brackets_ == 0) {
      change(State::kPort, 1);
    } else {
      read_delimiter();
    }
  }

  // What ends a part from the hostname on: of those that come later in a URL.
  void read_delimiter() {
    if (is_text("/") && state_ < State::kPathname) {
      change(State::kPathname, 0);
    } else if (state_ < State::kSearch && is_search_prefix()) {
      change(State::kSearch, 1);
    } else if (is_text("#")) {
      change(State::kHash, 1);
    }
  }

  void change(State next, size_t skip) {
    if (std::optional<std::string>* part = part_of(state_)) {
      *part = std::string(part_so_far());
    }
    if (state_ != State::kInit && next != State::kDone) {
      fill_between(next);
    }
    state_ = next;
    at_ += skip;
    part_begin_ = at_;
    step_ = 0;
  }

  // What a URL cannot leave out when a later part is there is empty; the rest may be anything.
  void fill_between(State next) {
    if (state_ < State::kHostname && next >= State::kPort && !parts_.hostname) {
      parts_.hostname = "";
    }
    if (state_ < State::kPathname && next >= State::kSearch && !parts_.pathname) {
      parts_.pathname = is_special_ ? "/" : "";
    }
    if (state_ < State::kSearch && next == State::kHash && !parts_.search) {
      parts_.search = "";
    }
  }

  std::optional<std::string>* part_of(State state) {
    switch (state) {
      case State::kProtocol:
        return &parts_.protocol;
      case State::kUsername:
        return &parts_.username;
      case State::kPassword:
        return &parts_.password;
      case State::kHostname:
        return &parts_.hostname;
      case State::kPort:
        return &parts_.port;
      case State::kPathname:
        return &parts_.pathname;
      case State::kSearch:
        return &parts_.search;
      case State::kHash:
        return &parts_.hash;
      case State::kInit:
      case State::kAuthority:
      case State::kDone:
        return nullptr;
    }
    return nullptr;
  }

  [[nodiscard]] std::string_view part_so_far() const {
    const size_t begin = tokens_[std::min(part_begin_, tokens_.size() - 1)].index;
    return text_.substr(begin, tokens_[at_].index - begin);
  }

  void rewind() {
    at_ = part_begin_;
    step_ = 0;
  }

  [[nodiscard]] bool is_text(std::string_view text, size_t ahead = 0) const {
    const PatternToken& token = tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
    return token.value == text && (token.type == PatternToken::Type::kChar ||
                                   token.type == PatternToken::Type::kEscapedChar ||
                                   token.type == PatternToken::Type::kInvalidChar);
  }

  // A "?" that is no modifier.
  [[nodiscard]] bool is_search_prefix() const {
    if (is_text("?") || tokens_[at_].value != "?" || at_ == 0) {
      return tokens_[at_].value == "?";
    }
    const PatternToken::Type before = tokens_[at_ - 1].type;
    return before != PatternToken::Type::kName && before != PatternToken::Type::kRegexp &&
           before != PatternToken::Type::kClose && before != PatternToken::Type::kAsterisk;
  }

  const std::string_view text_;
  const std::vector<PatternToken> tokens_;
  UrlPatternParts parts_;
  State state_ = State::kInit;
  size_t at_ = 0;
  size_t step_ = 1;
  size_t part_begin_ = 0;
  size_t depth_ = 0;
  int brackets_ = 0;
  bool is_special_ = false;
};

}  // namespace

Result<UrlPatternParts> split_url_pattern(std::string_view text) {
  auto tokens = tokenize_pattern(text, TokenizePolicy::kLenient);
  if (!tokens) {
    return std::move(tokens).failure();
  }
  return Splitter(text, *std::move(tokens)).split();
}

Result<bool> matches_special_scheme(std::string_view protocol) {
  size_t room = kMaxRegexpSteps;
  const auto component = UrlPatternComponent::compile(protocol, UrlPart::kProtocol, room);
  if (!component) {
    return fail(Errc::kInvalid, component.error().detail);
  }
  return std::any_of(kSpecialSchemes.begin(), kSpecialSchemes.end(),
                     [&](const SpecialScheme& scheme) { return component->matches(scheme.name); });
}

}  // namespace ringcast::topics
