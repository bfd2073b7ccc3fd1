#include "topics/url_pattern_part.h"

#include <set>
#include <utility>

#include "topics/url_pattern_token.h"

namespace ringcast::topics {

namespace {

using Modifier = PatternPart::Modifier;

class PartParser {
 public:
  PartParser(std::vector<PatternToken> tokens, UrlPart part, size_t& room)
      : tokens_(std::move(tokens)), part_(part), room_(room) {}

  Result<std::vector<PatternPart>> parse() {
    while (at_ < tokens_.size()) {
      if (Status status = read_one(); !status) {
        return std::move(status).failure();
      }
    }
    return std::move(parts_);
  }

 private:
  const PatternToken* take(PatternToken::Type type) {
    return at_ < tokens_.size() && tokens_[at_].type == type ? &tokens_[at_++] : nullptr;
  }

  Status read_one() {
    const PatternToken* character = take(PatternToken::Type::kChar);
    const PatternToken* name = take(PatternToken::Type::kName);
    const PatternToken* group = take_group(name);
    if (name != nullptr || group != nullptr) {
      std::string prefix(character != nullptr ? character->value : std::string_view());
      if (part_ != UrlPart::kPathname || prefix != "/") {  // Only a slash belongs to its group.
        fixed_ += prefix;
        prefix.clear();
      }
      return add_group({.prefix = std::move(prefix), .name = name, .group = group, .suffix = {}});
    }
    if (character == nullptr) {
      character = take(PatternToken::Type::kEscapedChar);
    }
    if (character != nullptr) {
      fixed_ += character->value;
      return Ok{};
    }
    if (take(PatternToken::Type::kOpen) != nullptr) {
      return read_braces();
    }
    if (Status status = add_fixed(); !status) {
      return status;
    }
    if (take(PatternToken::Type::kEnd) == nullptr) {
      return fail(Errc::kInvalid, "'" + std::string(tokens_[at_].value) +
                                      "' has nothing before it " + "that it could belong to");
    }
    return Ok{};
  }

  const PatternToken* take_group(const PatternToken* name) {
    const PatternToken* group = take(PatternToken::Type::kRegexp);
    return group == nullptr && name == nullptr ? take(PatternToken::Type::kAsterisk) : group;
  }

  struct Group {
    std::string prefix;
    const PatternToken* name;
    const PatternToken* group;  // A regular expression or "*".
    std::string suffix;
  };

  Status read_braces() {
    Group group;
    group.prefix = take_text();
    group.name = take(PatternToken::Type::kName);
    group.group = take_group(group.name);
    group.suffix = take_text();
    if (take(PatternToken::Type::kClose) == nullptr) {
      return fail(Errc::kInvalid, "'{' without '}', or more than one group between them");
    }
    return add_group(std::move(group));
  }

  std::string take_text() {
    std::string text;
    for (;;) {
      const PatternToken* character = take(PatternToken::Type::kChar);
      if (character == nullptr) {
        character = take(PatternToken::Type::kEscapedChar);
      }
      if (character == nullptr) {
        return text;
      }
      text += character->value;
    }
  }

  Modifier take_modifier() {
    const PatternToken* token = take(PatternToken::Type::kOtherModifier);
    if (token == nullptr) {
      return take(PatternToken::Type::kAsterisk) != nullptr ? Modifier::kZeroOrMore
                                                            : Modifier::kNone;
    }
    return token->value == "?" ? Modifier::kOptional : Modifier::kOneOrMore;
  }

  Status add_fixed() {
    if (fixed_.empty()) {
      return Ok{};
    }
    const std::string text = std::exchange(fixed_, {});
    return add({.prefix = text, .suffix = {}, .regexp = {}});
  }

  Status add(PatternPart part) {
    for (std::string* text : {&part.prefix, &part.suffix}) {
      auto encoded = canonicalize(part_, *text);
      if (!encoded) {
        return std::move(encoded).failure();
      }
      *text = *std::move(encoded);
    }
    parts_.push_back(std::move(part));
    return Ok{};
  }

  Status add_group(Group group) {
    const Modifier modifier = take_modifier();
    const bool is_text = group.name == nullptr && group.group == nullptr;
    if (is_text && modifier == Modifier::kNone) {
      fixed_ += group.prefix;
      return Ok{};
    }
    if (Status status = add_fixed(); !status) {
      return status;
    }
    if (is_text && group.prefix.empty()) {
      return Ok{};
    }
    PatternPart part{.modifier = modifier,
                     .prefix = std::move(group.prefix),
                     .suffix = std::move(group.suffix),
                     .regexp = {}};
    if (modifier == Modifier::kZeroOrMore || modifier == Modifier::kOneOrMore) {
      if (room_ < kRepeatedGroupSteps) {
        return fail(Errc::kInvalid, "too many groups with '*' or '+': at most 32 in a URL pattern");
      }
      room_ -= kRepeatedGroupSteps;
    }
    if (!is_text) {
      if (Status status = read_group(group, part); !status) {
        return status;
      }
    }
    return add(std::move(part));
  }

  Status read_group(const Group& group, PatternPart& part) {
    if (group.name != nullptr && !names_.insert(group.name->value).second) {
      return fail(Errc::kInvalid, "two groups named '" + std::string(group.name->value) + "'");
    }
    if (group.group == nullptr || group.group->value == segment_regexp()) {
      part.type = PatternPart::Type::kSegmentWildcard;
      return Ok{};
    }
    if (group.group->type == PatternToken::Type::kAsterisk || group.group->value == ".*") {
      part.type = PatternPart::Type::kFullWildcard;
      return Ok{};
    }
    part.type = PatternPart::Type::kRegexp;
    if (part.modifier == Modifier::kZeroOrMore || part.modifier == Modifier::kOneOrMore) {
      return fail(Errc::kInvalid, "the group (" + std::string(group.group->value) +
                                      ") must not be repeated: a regular expression is matched "
                                      "once or not at all here");
    }
    auto regexp = LinearRegexp::parse(group.group->value, room_);
    if (!regexp) {
      return std::move(regexp).failure();
    }
    part.regexp = *std::move(regexp);
    return Ok{};
  }

  // How the Standard writes a segment as a regular expression.
  [[nodiscard]] std::string segment_regexp() const {
    const char delimiter = delimiter_of(part_);
    return delimiter == 0 ? "[^]+?" : std::string("[^\\") + delimiter + "]+?";
  }

  const std::vector<PatternToken> tokens_;
  const UrlPart part_;
  size_t& room_;
  size_t at_ = 0;
  std::string fixed_;  // Text that is not yet a part.
  std::set<std::string_view> names_;
  std::vector<PatternPart> parts_;
};

}  // namespace

char delimiter_of(UrlPart part) {
  if (part == UrlPart::kHostname || part == UrlPart::kIpv6Hostname) {
    return '.';
  }
  return part == UrlPart::kPathname ? '/' : '\0';
}

Result<std::vector<PatternPart>> parse_pattern_parts(std::string_view text, UrlPart part,
                                                     size_t& room) {
  auto tokens = tokenize_pattern(text, TokenizePolicy::kStrict);
  if (!tokens) {
    return std::move(tokens).failure();
  }
  return PartParser(*std::move(tokens), part, room).parse();
}

}  // namespace ringcast::topics
