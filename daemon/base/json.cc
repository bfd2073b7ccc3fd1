#include "base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "base/json_grammar.h"

namespace ringcast::json {

namespace {

namespace ondemand = simdjson::ondemand;

std::string_view kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
      return "a boolean";
    case Value::Kind::kNumber:
      return "a number";
    case Value::Kind::kString:
      return "a string";
    case Value::Kind::kArray:
      return "an array";
    case Value::Kind::kObject:
      return "an object";
  }
  return "";
}

Failure mismatch(std::string_view wanted, Value::Kind found) {
  return fail(Errc::kInvalid,
              "expected " + std::string(wanted) + ", found " + std::string(kind_name(found)));
}

// For what cannot happen once the grammar was checked, short of running out of memory.
Failure broken(simdjson::error_code code) {
  return fail(Errc::kInvalid, std::string("not JSON: ") + simdjson::error_message(code));
}

// What must not stand in a string as it is.
constexpr std::array<bool, 256> kEscaped = [] {
  std::array<bool, 256> table{};
  std::fill_n(table.begin(), 0x20, true);
  table['"'] = table['\\'] = true;
  return table;
}();

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  out += '\\';
  if (const size_t i = kShort.find(c); i != std::string_view::npos) {
    out += kLetters[i];
    return;
  }
  out += "u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[static_cast<unsigned char>(c) & 0xF];
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (const char c = text[i]; kEscaped[static_cast<unsigned char>(c)]) {
      out.append(text, start, i - start);
      append_escape(out, c);
      start = i + 1;
    }
  }
  out.append(text, start);
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

// The grammar of the whole document was checked before the first Value came to be. simdjson is
// therefore used only to find things, and never sees what it would have to refuse.
struct Value::Impl {
  explicit Impl(ondemand::value v) : value(v) {}

  // A second read would run simdjson from the wrong place.
  void claim() {
    assert(!was_read);
    was_read = true;
  }

  ondemand::value value;
  bool was_read = false;
};

Value::Kind Value::kind() const {
  ondemand::json_type type{};
  [[maybe_unused]] const auto error = impl_->value.type().get(type);
  assert(!error);
  switch (type) {
    case ondemand::json_type::array:
      return Kind::kArray;
    case ondemand::json_type::object:
      return Kind::kObject;
    case ondemand::json_type::number:
      return Kind::kNumber;
    case ondemand::json_type::string:
      return Kind::kString;
    case ondemand::json_type::boolean:
      return Kind::kBool;
    case ondemand::json_type::null:
      break;
  }
  return Kind::kNull;
}

Result<std::string_view> Value::string() {
  if (const Kind found = kind(); found != Kind::kString) {
    return mismatch("a string", found);
  }
  impl_->claim();
  std::string_view text;
  if (const auto error = impl_->value.get_string().get(text)) {
    return broken(error);
  }
  return text;
}

Result<bool> Value::boolean() {
  if (const Kind found = kind(); found != Kind::kBool) {
    return mismatch("true or false", found);
  }
  impl_->claim();
  bool value = false;
  if (const auto error = impl_->value.get_bool().get(value)) {
    return broken(error);
  }
  return value;
}

Result<uint64_t> Value::whole_number() {
  if (const Kind found = kind(); found != Kind::kNumber) {
    return mismatch("a whole number", found);
  }
  impl_->claim();
  uint64_t value = 0;
  if (impl_->value.get_uint64().get(value) || value > INT64_MAX) {
    return fail(Errc::kInvalid, "expected a whole number from 0 to 9223372036854775807");
  }
  return value;
}

Status Value::append_minified(std::string& out) {
  impl_->claim();
  std::string_view raw;
  if (const auto error = simdjson::to_json_string(impl_->value).get(raw)) {
    return broken(error);
  }
  const size_t before = out.size();
  out.resize(before + raw.size());
  size_t written = 0;
  if (const auto error = simdjson::minify(raw.data(), raw.size(), out.data() + before, written)) {
    out.resize(before);
    return broken(error);
  }
  out.resize(before + written);
  return Ok{};
}

Status Value::each_field(const std::function<Status(std::string_view, Value&)>& visit) {
  if (const Kind found = kind(); found != Kind::kObject) {
    return mismatch("an object", found);
  }
  impl_->claim();
  ondemand::object object;
  if (const auto error = impl_->value.get_object().get(object)) {
    return broken(error);
  }
  for (auto item : object) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) {
      return broken(error);
    }
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) {
      return broken(error);
    }
    Impl impl(field.value());
    Value value(&impl);
    if (Status status = visit(name, value); !status) {
      return status;
    }
  }
  return Ok{};
}

Status Value::each_element(const std::function<Status(Value&)>& visit) {
  if (const Kind found = kind(); found != Kind::kArray) {
    return mismatch("an array", found);
  }
  impl_->claim();
  ondemand::array array;
  if (const auto error = impl_->value.get_array().get(array)) {
    return broken(error);
  }
  for (auto item : array) {
    ondemand::value element;
    if (const auto error = item.get(element)) {
      return broken(error);
    }
    Impl impl(element);
    Value value(&impl);
    if (Status status = visit(value); !status) {
      return status;
    }
  }
  return Ok{};
}

struct Reader::Parser {
  // Makes room for `[`, a text of `size` bytes, `]` and the padding. Grows by doubling, so that
  // documents of one kind soon allocate nothing.
  simdjson::error_code reserve(size_t size) {
    const size_t wanted = size + 2;
    if (parser.capacity() >= wanted) {
      return simdjson::SUCCESS;
    }
    const size_t capacity = std::max<size_t>(wanted, parser.capacity() * 2);
    buffer.resize(capacity + simdjson::SIMDJSON_PADDING);
    // One level more than documents may have, for the brackets around them.
    return parser.allocate(capacity, kMaxDepth + 1);
  }

  ondemand::parser parser;
  std::string buffer;
};

Reader::Reader() : parser_(std::make_unique<Parser>()) {}
Reader::~Reader() = default;

Status Reader::read(std::string_view text, const std::function<Status(Value& root)>& visit) {
  if (const auto error = parser_->reserve(text.size())) {
    return broken(error);
  }
  // A text that is put into an array has its root as a value like the others, also where it is a
  // string or number, which simdjson reads by other functions when they are the whole document.
  char* buffer = parser_->buffer.data();
  char* inner = buffer + 1;
  char* end = std::copy(text.begin(), text.end(), inner);
  *end = '\0';
  if (const auto problem = find_grammar_error({inner, text.size()})) {
    return fail(Errc::kInvalid, "not JSON: " + std::string(problem->what) + " at byte " +
                                    std::to_string(problem->offset));
  }
  buffer[0] = '[';
  *end = ']';
  std::memset(end + 1, 0, simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  if (const auto error =
          parser_->parser.iterate(buffer, text.size() + 2, parser_->buffer.size()).get(document)) {
    return broken(error);
  }
  ondemand::array wrapper;
  ondemand::value element;
  if (const auto error = document.get_array().get(wrapper)) {
    return broken(error);
  }
  auto first = wrapper.begin();
  if (const auto error = (*first).get(element)) {
    return broken(error);
  }
  Value::Impl impl(element);
  Value root(&impl);
  return visit(root);
}

}  // namespace ringcast::json
