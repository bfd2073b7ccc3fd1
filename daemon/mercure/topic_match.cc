#include "mercure/topic_match.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "topics/code_point.h"

namespace ringcast::mercure {

namespace {

// The category Cf of Unicode 16.
constexpr std::array<std::pair<char32_t, char32_t>, 21> kFormatCharacters = {
    {{0xAD, 0xAD},       {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},
     {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},     {0x180E, 0x180E},
     {0x200B, 0x200F},   {0x202A, 0x202E},   {0x2060, 0x2064},   {0x2066, 0x206F},
     {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
     {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0001, 0xE0001},
     {0xE0020, 0xE007F}}};

bool is_format_character(char32_t c) {
  return std::any_of(kFormatCharacters.begin(), kFormatCharacters.end(),
                     [c](const auto& range) { return range.first <= c && c <= range.second; });
}

}  // namespace

std::string_view name_of(MatchType type) {
  return type == MatchType::kExact ? "exact" : "urlpattern";
}

std::optional<MatchType> match_type_named(std::string_view name) {
  for (const MatchType type : {MatchType::kExact, MatchType::kUrlPattern}) {
    if (name_of(type) == name) {
      return type;
    }
  }
  return std::nullopt;
}

bool TopicMatch::matches(std::string_view topic, const topics::Url* base) const {
  if (match == "*") {
    return true;
  }
  return pattern ? pattern->matches(topic, base) : match == topic;
}

Result<TopicMatch> read_topic_match(MatchType type, std::string_view match,
                                    const topics::Url* base) {
  if (match.empty()) {
    return fail(Errc::kInvalid, "a topic matcher must not be empty");
  }
  if (match.size() > kMostMatchBytes) {
    return fail(Errc::kInvalid, "a topic matcher must have at most 4096 bytes");
  }
  if (Status status = check_protocol_text(match); !status) {
    return std::move(status).failure();
  }
  TopicMatch out{.type = type, .match = std::string(match), .pattern = nullptr};
  if (type == MatchType::kUrlPattern && match != "*") {
    auto pattern = topics::UrlPattern::parse(match, base);
    if (!pattern) {
      return std::move(pattern).failure();
    }
    out.pattern = std::make_shared<const topics::UrlPattern>(*std::move(pattern));
  }
  return out;
}

Status check_protocol_text(std::string_view text) {
  if (!is_utf8(text)) {
    return fail(Errc::kInvalid, "must be valid UTF-8");
  }
  for (size_t i = 0; i < text.size();) {
    const topics::CodePoint next = topics::code_point_at(text, i);
    if (next.value < 0x20 || (next.value >= 0x7F && next.value < 0xA0)) {
      return fail(Errc::kInvalid, "must not have control characters");
    }
    if (is_format_character(next.value)) {
      return fail(Errc::kInvalid, "must not have format characters, which nobody sees");
    }
    i += next.bytes;
  }
  return Ok{};
}

}  // namespace ringcast::mercure
