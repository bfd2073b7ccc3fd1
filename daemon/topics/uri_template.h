#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringcast::topics {

class TextWalk;

// A URI template (RFC 6570, levels 1 to 4) that topics are matched against, as the Mercure
// reference hub does it (the regular expression of yosida95/uritemplate, version 3): names of
// variables say nothing, values are not taken out, and every variable may be empty or undefined.
//
// What stands for an expression of k variables is nothing at all, or what the operator puts first
// ("#", "." "/", ";", "?", "&"; nothing for "{a}" and "{+a}"), then up to k values with the
// operator's separator between them ("/", ";", "." or "&"; else ","); with a "*" behind any of the
// variables, any number of values. A value is any number, also none, of percent-encoded bytes and
//   {a} {.a} {/a}      letters, digits, "-._~" and ",", with "=" too behind a "*"
//   {;a} {?a} {&a}     the same with "=": the names stand in the topic
//   {+a} {#a}          the same and all reserved characters: "/", ":", "?", "@", "&" and so on.
// So "https://example.com/books/{id}" matches ".../books/1" and ".../books/", not ".../books/1/2".
// A length ("{id:3}") is checked, but does not narrow what matches: the reference hub has it so.
//
// Immutable, thread-safe. Matching takes time in proportion to the length of template and topic
// together, see text_walk.h.
class UriTemplate {
 public:
  static constexpr size_t kMaxBytes = 4096;

  // A text without "{" is a template that matches only itself. kInvalid says what is wrong and at
  // which byte: more than kMaxBytes, not UTF-8, a malformed expression, and, as in RFC 6570, a
  // character that has to be percent-encoded.
  static Result<UriTemplate> parse(std::string_view text);

  [[nodiscard]] bool matches(std::string_view topic) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool has_expressions() const noexcept { return has_expressions_; }
  // How long it takes to match: see Matcher::Cost.
  [[nodiscard]] size_t effort() const;

 private:
  friend class UriTemplateParser;

  struct Part {
    std::string literal;  // Of an expression: what the operator puts first.
    bool is_expression = false;
    bool takes_reserved = false;
    bool takes_equals = false;       // In the first value.
    bool later_take_equals = false;  // In the others.
    char separator = ',';
    size_t more_values = 0;  // After the first.
    bool is_unbounded = false;
  };

  UriTemplate() = default;

  std::string text_;
  bool has_expressions_ = false;
  std::vector<Part> parts_;
};

}  // namespace ringcast::topics
