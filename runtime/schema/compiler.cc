// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/compiler.h"

#include <array>
#include <charconv>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/describe.h"

namespace sluice::schema {
namespace {

constexpr std::array kDialects = {
    std::string_view("http://json-schema.org/draft-07/schema"),
    std::string_view("https://json-schema.org/draft-07/schema"),
};

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) {
      return invalid("'%' needs two hexadecimal digits");
    }
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::string unescape_token(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

bool has_scheme(std::string_view uri) {
  const size_t colon = uri.find(':');
  return colon != std::string_view::npos && colon < uri.find_first_of("/?#");
}

std::string_view without_empty_fragment(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  return uri;
}

}  // namespace

Status Compiler::at(std::string_view where, std::string_view text) {
  return invalid("at " + describe_place(std::string(where)) + ": " + std::string(text));
}

Status Compiler::wrong(std::string_view where, std::string_view expected, NodeIndex found) const {
  return at(where, "expected " + std::string(expected) + ", found " + describe_value(doc_, found));
}

std::string Compiler::text_of(NodeIndex string_node) const {
  return std::string(doc_.string(string_node, arena_));
}

std::string Compiler::member_pointer(NodeIndex name) const {
  std::string pointer = keyword_pointer_;
  append_pointer_token(pointer, doc_.string(name, arena_));
  return pointer;
}

Result<Program> Compiler::run() {
  SLUICE_RETURN_IF_ERROR(check_dialect());
  resources_[Document::root()] = {};
  enqueue(Document::root(), "", Document::root());
  while (!queue_.empty() || !references_.empty()) {
    // References wait until every `$id` that the file shows has been seen.
    if (queue_.empty()) {
      const Reference reference = std::move(references_.front());
      references_.pop_front();
      SLUICE_RETURN_IF_ERROR(resolve(reference));
      continue;
    }
    Item item = std::move(queue_.front());
    queue_.pop_front();
    SLUICE_RETURN_IF_ERROR(compile(std::move(item)));
  }
  SLUICE_RETURN_IF_ERROR(follow_references());
  SLUICE_RETURN_IF_ERROR(refuse_loops());
  return std::move(program_);
}

Status Compiler::check_dialect() {
  if (doc_.kind(Document::root()) != JsonKind::kObject) return Status::ok();
  const NodeIndex value = doc_.find(Document::root(), "$schema");
  if (value == kNoNode) return Status::ok();
  if (doc_.kind(value) != JsonKind::kString) return wrong("/$schema", "a string", value);
  const std::string dialect = text_of(value);
  for (const std::string_view known : kDialects) {
    if (without_empty_fragment(dialect) == known) return Status::ok();
  }
  return at("/$schema", "expected \"" + std::string(kDialects[0]) + "#\" or no $schema, found " +
                            in_quotes(dialect) +
                            ": only draft-07 is understood; write the schema in draft-07");
}

RuleIndex Compiler::enqueue(NodeIndex node, std::string pointer, NodeIndex resource) {
  const auto [at, added] =
      rule_of_.try_emplace(node, static_cast<RuleIndex>(program_.rules.size()));
  if (added) {
    program_.rules.emplace_back().pointer = pointer;
    target_of_.push_back(kNoRule);
    queue_.push_back(Item{at->second, node, std::move(pointer), resource});
  }
  return at->second;
}

Status Compiler::compile(Item item) {
  switch (doc_.kind(item.node)) {
    case JsonKind::kTrue:
      return Status::ok();
    case JsonKind::kFalse:
      rule(item).never = true;
      return Status::ok();
    case JsonKind::kObject:
      break;
    default:
      return wrong(item.pointer, "a schema (an object, true or false)", item.node);
  }
  // Beside a $ref draft-07 ignores every other keyword, `$id` included; what the file keeps under
  // `definitions` there is still checked.
  if (const NodeIndex value = doc_.find(item.node, "$ref"); value != kNoNode) {
    if (doc_.kind(value) != JsonKind::kString) {
      return wrong(item.pointer + "/$ref", "a string", value);
    }
    references_.push_back({item.rule, text_of(value), item.pointer + "/$ref", item.resource});
    for (const std::string_view name : {"definitions", "$defs"}) {
      const NodeIndex definitions = doc_.find(item.node, name);
      if (definitions == kNoNode) continue;
      keyword_pointer_ = item.pointer + "/" + std::string(name);
      SLUICE_RETURN_IF_ERROR(on_definitions(item, definitions));
    }
    return Status::ok();
  }
  if (const NodeIndex value = doc_.find(item.node, "$id"); value != kNoNode) {
    SLUICE_RETURN_IF_ERROR(note_id(item, value));
  }
  for (const Keyword& keyword : keywords()) {
    const NodeIndex value = doc_.find(item.node, keyword.name);
    if (value == kNoNode) continue;
    keyword_pointer_ = item.pointer + "/" + std::string(keyword.name);
    SLUICE_RETURN_IF_ERROR((this->*keyword.handler)(item, value));
  }
  return Status::ok();
}

Status Compiler::note_id(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kString) return wrong(item.pointer + "/$id", "a string", value);
  const std::string id = text_of(value);
  if (id.starts_with('#')) {
    if (id.size() > 1) {
      anchors_[{item.resource, id.substr(1)}] = Target{item.node, item.pointer, item.resource};
    }
    return Status::ok();
  }
  const std::string uri = resolve_uri(item.resource, without_empty_fragment(id));
  const auto [known, added] = resource_of_uri_.try_emplace(uri, item.node);
  if (!added && known->second != item.node) {
    return at(item.pointer + "/$id", in_quotes(uri) + " is given twice, also at " +
                                         describe_place(resources_[known->second].pointer));
  }
  item.resource = item.node;
  resources_[item.node] = {uri, item.pointer};
  return Status::ok();
}

std::string Compiler::resolve_uri(NodeIndex resource, std::string_view uri) const {
  const auto base = resources_.find(resource);
  if (has_scheme(uri) || base == resources_.end() || base->second.uri.empty()) {
    return std::string(uri);
  }
  const std::string& from = base->second.uri;
  const size_t authority = from.find("://");
  if (uri.starts_with('/') && authority != std::string::npos) {
    return from.substr(0, from.find('/', authority + 3)) + std::string(uri);
  }
  return from.substr(0, from.rfind('/') + 1) + std::string(uri);
}

Status Compiler::resolve(const Reference& reference) {
  SLUICE_ASSIGN_OR_RETURN(Target target, locate(reference));
  target_of_[reference.from] = enqueue(target.node, std::move(target.pointer), target.resource);
  return Status::ok();
}

Result<Compiler::Target> Compiler::locate(const Reference& reference) const {
  const size_t hash = reference.text.find('#');
  const std::string_view uri = std::string_view(reference.text).substr(0, hash);
  auto fragment =
      percent_decode(hash == std::string::npos ? std::string_view()
                                               : std::string_view(reference.text).substr(hash + 1));
  if (!fragment) return at(reference.pointer, fragment.status().message());
  NodeIndex resource = reference.resource;
  if (!uri.empty()) {
    const auto known = resource_of_uri_.find(resolve_uri(resource, uri));
    if (known == resource_of_uri_.end()) {
      return at(reference.pointer,
                "the reference " + in_quotes(reference.text) +
                    " leads out of this file, and nothing is fetched; put that schema under "
                    "\"definitions\" and refer to \"#/definitions/...\"");
    }
    resource = known->second;
  }
  return walk(reference, resource, *fragment);
}

Result<Compiler::Target> Compiler::walk(const Reference& reference, NodeIndex resource,
                                        std::string_view fragment) const {
  const auto missing = [&](std::string_view what) {
    return at(reference.pointer, "the reference " + in_quotes(reference.text) +
                                     " finds nothing: " + std::string(what));
  };
  Target target{resource, resources_.at(resource).pointer, resource};
  if (!fragment.empty() && fragment.front() != '/') {
    const auto anchor = anchors_.find({resource, std::string(fragment)});
    if (anchor == anchors_.end()) return missing("no schema here has the $id \"#...\" it names");
    return anchor->second;
  }
  while (!fragment.empty()) {
    fragment.remove_prefix(1);
    const size_t end = fragment.find('/');
    const std::string token = unescape_token(fragment.substr(0, end));
    fragment = end == std::string_view::npos ? std::string_view() : fragment.substr(end);
    NodeIndex next = kNoNode;
    if (doc_.kind(target.node) == JsonKind::kObject) {
      next = doc_.find(target.node, token);
    } else if (doc_.kind(target.node) == JsonKind::kArray) {
      uint32_t index = 0;
      const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), index);
      const bool number = error == std::errc{} && stop == token.data() + token.size();
      if (number && index < doc_.count(target.node)) {
        next = doc_.first_child(target.node);
        for (; index > 0; --index) next = doc_.next(next);
      }
    }
    if (next == kNoNode) return missing("there is no " + in_quotes(token));
    append_pointer_token(target.pointer, token);
    target.node = next;
    if (resources_.contains(next)) target.resource = next;
  }
  return target;
}

}  // namespace sluice::schema
