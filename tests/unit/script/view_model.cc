// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/script/view_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace sluice::testing {
namespace {

using Kind = ModelValue::Kind;

ModelValue copy_of(const ModelValue& value, std::map<const ModelNode*, ModelRef>& seen) {
  if (value.kind != Kind::kNode) return value.read();
  ModelRef& copy = seen[value.node.get()];
  if (copy != nullptr) return ModelValue::of(copy);
  copy = std::make_shared<ModelNode>();
  copy->list = value.node->list;
  copy->table = true;
  const ModelRef made = copy;
  for (const auto& child : value.node->children) {
    if (child.value.absent()) continue;
    made->children.push_back({child.name, copy_of(child.value, seen)});
  }
  return ModelValue::of(made);
}

std::string differ(const ModelNode& model, const Document& document, NodeIndex at) {
  std::vector<const ModelNode::Child*> children;
  for (const auto& child : model.children) {
    if (!child.value.absent()) children.push_back(&child);
  }
  if (model.table && !model.list) {
    std::sort(children.begin(), children.end(),
              [](const auto* a, const auto* b) { return a->name < b->name; });
  }
  if (document.kind(at) != (model.list ? JsonKind::kArray : JsonKind::kObject)) {
    return ": another kind of container";
  }
  if (document.count(at) != children.size()) {
    return ": " + std::to_string(document.count(at)) + " children, not " +
           std::to_string(children.size());
  }
  NodeIndex i = at + 1;
  for (size_t k = 0; k < children.size(); ++k) {
    std::string step = "/" + std::to_string(k);
    if (!model.list) {
      step = "/" + children[k]->name;
      if (!document.string_equals(i, children[k]->name)) {
        return ": '" + std::string(document.slice(i)) + "' where " + step + " should be";
      }
      ++i;
    }
    const std::string below = difference(children[k]->value, document, i);
    if (!below.empty()) return step + below;
    i = document.next(i);
  }
  return "";
}

bool same_float(double value, std::string_view text) {
  const double back = std::strtod(std::string(text).c_str(), nullptr);
  return back == value && std::signbit(back) == std::signbit(value) &&
         text.find_first_of(".eE") != std::string_view::npos;
}

bool same_scalar(const ModelValue& model, const Document& document, NodeIndex at) {
  const JsonKind kind = document.kind(at);
  switch (model.kind) {
    case Kind::kNull:
      return kind == JsonKind::kNull;
    case Kind::kFalse:
      return kind == JsonKind::kFalse;
    case Kind::kTrue:
      return kind == JsonKind::kTrue;
    case Kind::kInteger:
      return kind == JsonKind::kNumber && document.slice(at) == std::to_string(model.integer);
    case Kind::kFloat:
      return kind == JsonKind::kNumber && same_float(model.number, document.slice(at));
    case Kind::kUntouched:
      return kind == JsonKind::kNumber && document.slice(at) == model.text;
    case Kind::kString:
      return kind == JsonKind::kString && document.string_equals(at, model.text);
    default:
      return false;
  }
}

}  // namespace

ModelValue ModelValue::of(int64_t value) {
  ModelValue made;
  made.kind = Kind::kInteger;
  made.integer = value;
  return made;
}

ModelValue ModelValue::of(double value) {
  ModelValue made;
  made.kind = Kind::kFloat;
  made.number = value;
  return made;
}

ModelValue ModelValue::of(std::string value) {
  ModelValue made;
  made.kind = Kind::kString;
  made.text = std::move(value);
  return made;
}

ModelValue ModelValue::of(bool value) {
  ModelValue made;
  made.kind = value ? Kind::kTrue : Kind::kFalse;
  return made;
}

ModelValue ModelValue::of(ModelRef value) {
  ModelValue made;
  made.kind = Kind::kNode;
  made.node = std::move(value);
  return made;
}

ModelValue ModelValue::null() {
  ModelValue made;
  made.kind = Kind::kNull;
  return made;
}

ModelValue ModelValue::read() const {
  if (kind != Kind::kUntouched) return *this;
  if (text.find_first_of(".eE") == std::string::npos) {
    errno = 0;
    const int64_t integer_value = std::strtoll(text.c_str(), nullptr, 10);
    if (errno == 0) return of(integer_value);
  }
  return of(std::strtod(text.c_str(), nullptr));
}

const ModelValue* ModelNode::find(std::string_view name) const {
  for (const Child& child : children) {
    if (child.name == name) return &child.value;
  }
  return nullptr;
}

void ModelNode::set(const std::string& name, ModelValue value) {
  for (Child& child : children) {
    if (child.name != name) continue;
    child.value = std::move(value);
    return;
  }
  if (!value.absent()) children.push_back({name, std::move(value)});
}

ModelValue model_of(const Document& document, NodeIndex at) {
  Arena arena(256);
  switch (document.kind(at)) {
    case JsonKind::kNull:
      return ModelValue::null();
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return ModelValue::of(document.kind(at) == JsonKind::kTrue);
    case JsonKind::kString:
      return ModelValue::of(std::string(document.string(at, arena)));
    case JsonKind::kNumber: {
      ModelValue value;
      value.kind = Kind::kUntouched;
      value.text = document.slice(at);
      return value;
    }
    default:
      break;
  }
  const auto node = std::make_shared<ModelNode>();
  node->list = document.kind(at) == JsonKind::kArray;
  for (NodeIndex i = at + 1; i < document.next(at); i = document.next(i)) {
    std::string name;
    if (!node->list) name = document.string(i++, arena);
    node->children.push_back({std::move(name), model_of(document, i)});
  }
  return ModelValue::of(node);
}

ModelValue copy_of(const ModelValue& value) {
  std::map<const ModelNode*, ModelRef> seen;
  return copy_of(value, seen);
}

bool reaches(const ModelRef& from, const ModelRef& to) {
  if (from == to) return true;
  return std::any_of(from->children.begin(), from->children.end(), [&](const auto& child) {
    return child.value.kind == Kind::kNode && reaches(child.value.node, to);
  });
}

size_t weight(const ModelRef& node) {
  size_t sum = 1;
  for (const auto& child : node->children) {
    sum += child.value.kind == Kind::kNode ? weight(child.value.node) : 1;
  }
  return sum;
}

size_t height(const ModelRef& node) {
  size_t deepest = 0;
  for (const auto& child : node->children) {
    if (child.value.kind == Kind::kNode) deepest = std::max(deepest, height(child.value.node));
  }
  return deepest + 1;
}

std::string shown(const ModelValue& untouched) {
  const ModelValue value = untouched.read();
  char text[64];
  switch (value.kind) {
    case Kind::kAbsent:
      return "nil";
    case Kind::kNull:
      return "null";
    case Kind::kFalse:
      return "false";
    case Kind::kTrue:
      return "true";
    case Kind::kInteger:
      return "i" + std::to_string(value.integer);
    case Kind::kFloat:
      std::snprintf(text, sizeof text, "f%a", value.number);
      return text;
    case Kind::kString:
      return "s" + std::to_string(value.text.size()) + ":" + value.text;
    case Kind::kNode:
      return value.node->table ? "table" : "userdata";
    case Kind::kUntouched:
      break;
  }
  return "?";
}

std::string difference(const ModelValue& model, const Document& document, NodeIndex at) {
  if (model.kind == Kind::kNode) return differ(*model.node, document, at);
  if (same_scalar(model, document, at)) return "";
  return ": found " + std::string(document.json(at)) + ", expected " + shown(model);
}

}  // namespace sluice::testing
