#include "config/node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace ringcast::config {

namespace {

constexpr size_t kTextLimit = 1 << 20;
// Aliases of aliases unfold exponentially ("billion laughs").
constexpr size_t kWeightLimit = 100'000;
constexpr size_t kShownLimit = 60;

// Builds the tree from the parser's events. Throws ParserException like the parser itself, which
// parse_yaml() catches for both.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const std::string> source, bool has_lines)
      : source_(std::move(source)), has_lines_(has_lines) {}

  [[nodiscard]] NodePtr root() const { return root_; }
  [[nodiscard]] Where place(const YAML::Mark& mark) const {
    return has_lines_ && !mark.is_null() ? Where{source_, mark.line + 1, mark.column + 1}
                                         : Where{source_};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) {
      throw YAML::ParserException(mark, "more than one document");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = std::make_shared<Node>();
    // The parser's mark is that of the next token, which may be lines away.
    const bool is_value = !open_.empty() && open_.back().has_key;
    node->where = is_value ? open_.back().key.where : place(mark);
    finish(mark, std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      throw YAML::ParserException(mark, "an anchor that contains itself");
    }
    finish(mark, known->second, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kScalar;
    node->scalar = value;
    node->quoted = tag == "!";
    node->where = place(mark);
    finish(mark, std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Node::Kind::kSequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    Node::Entry key;  // Waits for its value.
    bool has_key = false;
  };

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw YAML::ParserException(mark, "tags have no meaning here: " + tag);
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    refuse_tag(mark, tag);
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->where = place(mark);
    open_.push_back({std::move(node), anchor, mark, {}, false});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    finish(done.mark, std::move(done.node), done.anchor);
  }

  void finish(const YAML::Mark& mark, NodePtr node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    parent.node->weight += node->weight;
    if (parent.node->weight > kWeightLimit) {
      throw YAML::ParserException(mark, "too many values");
    }
    if (parent.node->kind == Node::Kind::kSequence) {
      parent.node->items.push_back(std::move(node));
    } else if (parent.has_key) {
      parent.key.value = std::move(node);
      parent.node->entries.push_back(std::move(parent.key));
      parent.has_key = false;
    } else {
      take_key(mark, parent, *node);
    }
  }

  // YAML 1.2.2 section 3.2.1.3 wants keys to be unique; yaml-cpp keeps both.
  void take_key(const YAML::Mark& mark, Open& map, const Node& key) {
    if (key.kind != Node::Kind::kScalar) {
      throw YAML::ParserException(mark, "a key must be a name, not " + found(key));
    }
    const auto is_same = [&](const Node::Entry& entry) { return entry.name == key.scalar; };
    if (std::any_of(map.node->entries.begin(), map.node->entries.end(), is_same)) {
      throw YAML::ParserException(mark, "the key " + found(key) + " is there twice");
    }
    map.key = {key.scalar, place(mark), nullptr};
    map.has_key = true;
  }

  std::shared_ptr<const std::string> source_;
  bool has_lines_;
  NodePtr root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
};

// What people trip over in exactly this file: both characters begin something else in YAML.
std::string hint(std::string_view message, std::string_view line) {
  if (message.find("alias") != std::string_view::npos ||
      message.find("anchor is not defined") != std::string_view::npos) {
    return " (what begins with * needs quotes: \"**\")";
  }
  if (line.substr(std::min(line.find_first_not_of(' '), line.size())).starts_with('\t')) {
    return " (YAML is indented by blanks, not tabs)";
  }
  if (line.find("[::") != std::string_view::npos) {
    return " (an IPv6 address needs quotes: \"[::1]:8080\")";
  }
  return {};
}

std::string_view line_of(std::string_view text, int line) {
  for (; line > 0 && !text.empty(); --line) {
    text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  }
  return text.substr(0, text.find('\n'));
}

Failure fail_in(const Where& where, std::string_view what) {
  return fail(Errc::kInvalid, where.text() + ": " + std::string(what));
}

}  // namespace

std::string Where::text() const {
  if (line == 0) {
    return *source;
  }
  return *source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Result<NodePtr> parse_yaml(std::string_view text, std::string_view source, bool has_lines) {
  const auto name = std::make_shared<const std::string>(source);
  if (text.size() > kTextLimit) {
    return fail_in({name}, "larger than 1 MiB");
  }
  // The parser would replace bad bytes silently and stop at a zero byte.
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return fail_in({name}, "not UTF-8 text");
  }
  TreeBuilder builder(name, has_lines);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const std::string_view line = error.mark.is_null() ? text : line_of(text, error.mark.line);
    return fail_in(builder.place(error.mark), error.msg + hint(error.msg, line));
  }
  if (builder.root()) {
    return builder.root();
  }
  auto nothing = std::make_shared<Node>();
  nothing->where = {name};
  return NodePtr(std::move(nothing));
}

Failure fail_at(const Where& where, std::string_view path, std::string_view what) {
  // A flag says itself which key it sets.
  const bool is_named = where.line == 0 && *where.source == "--set " + std::string(path);
  Failure failure = fail_in(where, (is_named ? "" : std::string(path) + ": ") + std::string(what));
  failure.error.field = path;
  return failure;
}

const Node* find_value(const Node& map, std::string_view name) {
  const auto is_it = [&](const Node::Entry& entry) { return entry.name == name; };
  const auto entry = std::find_if(map.entries.begin(), map.entries.end(), is_it);
  return entry == map.entries.end() ? nullptr : entry->value.get();
}

const Where& where_of(const Node& map, std::string_view name) {
  const Node* value = find_value(map, name);
  return value == nullptr ? map.where : value->where;
}

std::string found(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kSequence:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      break;
  }
  if (node.scalar.size() <= kShownLimit) {
    return json::quoted(node.scalar);
  }
  size_t end = kShownLimit;
  while (end > 0 && (static_cast<unsigned char>(node.scalar[end]) & 0xC0U) == 0x80U) {
    --end;  // Not in the middle of a UTF-8 sequence.
  }
  return json::quoted(node.scalar.substr(0, end) + "...");
}

}  // namespace ringcast::config
