// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "runtime/base/text.h"

namespace sluice::config {
namespace {

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Ends the parse from inside an event; never leaves this file.
struct Refused {
  Place place;
  std::string text;
};

struct Size {
  size_t nodes = 0;
  size_t bytes = 0;
  size_t depth = 0;
};

Size measure(const YamlNode& node) {
  Size size{1, node.text.size() + node.key.size(), 1};
  for (const YamlNode& child : node.children) {
    const Size inner = measure(child);
    size.nodes += inner.nodes;
    size.bytes += inner.bytes;
    size.depth = std::max(size.depth, inner.depth + 1);
  }
  return size;
}

// Builds the tree from the parser's events. Keeping the stack here rather than in yaml-cpp's node
// tree lets depth and size be refused at the first event that passes them.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Problems& problems) : source_(text), problems_(problems) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = place_of(mark);
    // The parser tells of a null, not of its text; written out it may be a key, sinks have one.
    if (source_.substr(std::min<size_t>(source_.size(), static_cast<size_t>(mark.pos)))
            .starts_with("null")) {
      node.text = "null";
    }
    finish(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.place = place_of(mark);
    node.text = value;
    node.quoted = tag == "!" || tag == kStringTag;
    if (!node.quoted) refuse_tag(tag, node.place);
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = place_of(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refused{place, "this alias refers to the value it stands in; write the value out"};
    }
    const Size& size = found->second.size;
    spend(size.nodes, size.bytes, place);
    if (stack_.size() + size.depth > kMaxDepth) refuse_depth(place);
    YamlNode copy = found->second.node;
    copy.place = place;  // messages point to the use; inner values keep their own place
    finish(std::move(copy), YAML::NullAnchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<YamlNode> key;        // map: the key whose value comes next
    std::map<std::string, Place> seen;  // map: keys so far
  };
  struct Anchored {
    YamlNode node;
    Size size;
  };

  [[noreturn]] static void refuse_depth(Place place) {
    throw Refused{place, "values are nested deeper than " + std::to_string(kMaxDepth) +
                             " levels; flatten the file"};
  }

  static void refuse_tag(const std::string& tag, Place place) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Refused{place, cat({"the tag ", quote(tag), " is not supported; remove it"})};
  }

  void spend(size_t nodes, size_t bytes, Place place) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > kMaxNodes || bytes_ > kMaxTextBytes) {
      throw Refused{place, "the file holds more than " + std::to_string(kMaxNodes) + " values or " +
                               format_size(kMaxTextBytes) +
                               " of text, aliases expanded; make it smaller"};
    }
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    const Place place = place_of(mark);
    refuse_tag(tag, place);
    if (stack_.size() >= kMaxDepth) refuse_depth(place);
    if (!stack_.empty() && awaits_key()) {
      throw Refused{place,
                    "a key must be plain text, not a list or a map (a placeholder in a "
                    "{...} or [...] value needs quotes)"};
    }
    stack_.push_back({});
    stack_.back().node.kind = kind;
    stack_.back().node.place = place;
    stack_.back().anchor = anchor;
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    finish(std::move(frame.node), frame.anchor);
  }

  bool awaits_key() const {
    return stack_.back().node.kind == YamlNode::Kind::kMap && !stack_.back().key;
  }

  void finish(YamlNode node, YAML::anchor_t anchor) {
    spend(1, node.text.size(), node.place);
    if (anchor != YAML::NullAnchor) {
      const Size size = measure(node);
      spend(size.nodes, size.bytes, node.place);  // the copy that the anchor keeps
      anchors_[anchor] = {node, size};
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind == YamlNode::Kind::kList) {
      frame.node.children.push_back(std::move(node));
    } else if (!frame.key) {
      take_key(frame, std::move(node));
    } else {
      node.key = std::move(frame.key->text);
      node.key_place = frame.key->place;
      // The parser places an absent value at whatever comes next, maybe lines away.
      if (node.kind == YamlNode::Kind::kNull) node.place = node.key_place;
      frame.key.reset();
      frame.node.children.push_back(std::move(node));
    }
  }

  void take_key(Frame& frame, YamlNode key) {
    if (key.kind == YamlNode::Kind::kNull && key.text == "null") {
      key.kind = YamlNode::Kind::kScalar;
    }
    if (key.kind != YamlNode::Kind::kScalar) {
      throw Refused{key.place, "a key must be plain text; found an empty key or an alias"};
    }
    if (key.text == "<<" && !key.quoted) {
      throw Refused{key.place, "merge keys (<<) are not supported; write the keys out"};
    }
    const auto [first, fresh] = frame.seen.emplace(key.text, key.place);
    if (!fresh) {
      problems_.add(key.place, "",
                    cat({"the key ", quote(key.text), " stands twice; the first is in line ",
                         std::to_string(first->second.line), "; remove one"}));
    }
    frame.key = std::move(key);
  }

  std::string_view source_;
  Problems& problems_;
  YamlNode root_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  size_t nodes_ = 0;
  size_t bytes_ = 0;
};

Place place_at(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return {static_cast<int>(lines) + 1, static_cast<int>(offset - start) + 1};
}

// Cheap checks before the parser sees a byte. The scanner of yaml-cpp queues every token of an
// unclosed [ or { before the first event, so brackets are counted here, coarsely: quotes and
// comments are not understood, which no honest file notices at this limit.
bool acceptable(std::string_view text, Problems& problems) {
  constexpr int kMaxOpenBrackets = 1000;
  if (text.size() > kMaxFileBytes) {
    problems.add({}, "", "larger than " + format_size(kMaxFileBytes) + "; is it a configuration?");
    return false;
  }
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    problems.add(place_at(text, nul), "",
                 "a NUL byte; the file must be UTF-8 text (is it binary, or UTF-16?)");
    return false;
  }
  if (const size_t valid = utf8_valid_prefix(text); valid != text.size()) {
    problems.add(place_at(text, valid), "", "not valid UTF-8; save the file as UTF-8");
    return false;
  }
  int open = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[' || text[at] == '{') ++open;
    if ((text[at] == ']' || text[at] == '}') && open > 0) --open;
    if (open > kMaxOpenBrackets) {
      problems.add(place_at(text, at), "",
                   "more than " + std::to_string(kMaxOpenBrackets) +
                       " brackets are open here; close them or flatten the file");
      return false;
    }
  }
  return true;
}

// The parser stumbles over a tab in the indentation in many ways, few of which speak of it.
void add_syntax_error(std::string_view text, const YAML::Exception& error, Problems& problems) {
  std::string_view rest = text;
  for (int line = 1; line <= error.mark.line + 1 && !rest.empty(); ++line) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view indent = rest.substr(0, rest.find_first_not_of(" \t"));
    if (const size_t tab = indent.find('\t'); tab != std::string_view::npos && tab < end) {
      problems.add({line, static_cast<int>(tab) + 1}, "",
                   "a tab in the indentation; YAML indents with spaces only");
      return;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  problems.add(place_of(error.mark), "", cat({"not valid YAML: ", error.msg}));
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view name) const {
  if (kind != Kind::kMap) return nullptr;
  for (const YamlNode& child : children) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

YamlNode parse_yaml(std::string_view text, Problems& problems) {
  if (!acceptable(text, problems)) return {};
  TreeBuilder builder(text, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return {};
    YamlNode root = builder.take();
    TreeBuilder rest(text, problems);
    if (parser.HandleNextDocument(rest)) {
      problems.add(rest.take().place, "", "a second document begins here; keep one in a file");
    }
    return root;
  } catch (const Refused& refused) {
    problems.add(refused.place, "", refused.text);
  } catch (const YAML::Exception& error) {
    add_syntax_error(text, error, problems);
  } catch (const std::exception& error) {
    problems.add({}, "", std::string("the YAML parser failed: ") + error.what());
  }
  return {};
}

}  // namespace sluice::config
