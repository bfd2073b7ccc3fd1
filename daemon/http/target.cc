#include "http/target.h"

#include <algorithm>

#include "base/text.h"

namespace ringcast::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char letter = static_cast<char>(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  if (text.find('%') == std::string_view::npos &&
      (!plus_is_space || text.find('+') == std::string_view::npos)) {
    return std::string(text);  // Nearly always.
  }
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_space) {
      out += ' ';
      continue;
    }
    if (c != '%') {
      out += c;
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return fail(Errc::kInvalid, "bad percent escape '" + std::string(text.substr(i, 3)) + "'");
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// `name=value`, or a name alone, which has an empty value.
Status append_parameter(Target& target, std::string_view text) {
  const size_t equals = std::min(text.find('='), text.size());
  auto name = decode(text.substr(0, equals), true);
  if (!name) {
    return std::move(name).failure();
  }
  auto value = decode(text.substr(std::min(equals + 1, text.size())), true);
  if (!value) {
    Failure failure = std::move(value).failure();
    failure.error.field = *name;
    return failure;
  }
  target.query.emplace_back(*std::move(name), *std::move(value));
  return Ok{};
}

Status append_query(Target& target, std::string_view query) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    if (end > 0) {
      if (Status status = append_parameter(target, query.substr(0, end)); !status) {
        return status;
      }
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return Ok{};
}

// Takes `http://authority` off an absolute-form; servers must accept it (RFC 9112 section 3.2.2).
Result<std::string_view> to_origin_form(std::string_view text) {
  if (text.starts_with('/') || text == "*") {
    return text;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme)) {
      continue;
    }
    text.remove_prefix(scheme.size());
    const size_t authority = std::min(text.find_first_of("/?"), text.size());
    if (authority == 0) {
      return fail(Errc::kInvalid, "the request target has no host");
    }
    return text.substr(authority);
  }
  return fail(Errc::kInvalid, "the request target must be a path or an http URL");
}

}  // namespace

std::optional<std::string_view> Target::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

Result<Target> parse_target(std::string_view text) {
  if (text.find('#') != std::string_view::npos) {
    return fail(Errc::kInvalid, "the request target has a fragment");
  }
  auto origin = to_origin_form(text);
  if (!origin) {
    return std::move(origin).failure();
  }
  const size_t question = std::min(origin->find('?'), origin->size());
  Target target;
  target.path = origin->substr(0, question);
  if (target.path.empty()) {
    target.path = "/";  // Of `http://host` (RFC 9110 section 4.2.3).
  }
  if (target.path.find('%') != std::string::npos) {
    if (auto decoded = percent_decode(target.path); !decoded) {
      return std::move(decoded).failure();
    }
  }
  if (Status status = append_query(target, origin->substr(std::min(question + 1, origin->size())));
      !status) {
    return std::move(status).failure();
  }
  return target;
}

Result<std::string> percent_decode(std::string_view text) {
  return decode(text, false);
}

}  // namespace ringcast::http
