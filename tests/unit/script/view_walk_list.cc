// SPDX-License-Identifier: Apache-2.0
// The operations of a walk on lists.
#include <algorithm>

#include "tests/unit/script/view_walk.h"

namespace sluice::testing {
namespace {

using ValueKind = ModelValue::Kind;

bool all_of_kind(const ModelNode& list, ValueKind a, ValueKind b) {
  return std::all_of(list.children.begin(), list.children.end(), [&](const auto& child) {
    const ValueKind kind = child.value.read().kind;
    return kind == a || kind == b;
  });
}

}  // namespace

void ViewWalk::read_element() {
  const int64_t size = static_cast<int64_t>(node_->size());
  const int64_t i = static_cast<int64_t>(random_.below(static_cast<uint32_t>(size + 4))) - 1;
  const bool there = i >= 1 && i <= size;
  const ModelValue value = there ? node_->children[static_cast<size_t>(i - 1)].value : ModelValue();
  const std::string code = c_ + "[" + std::to_string(i) + (random_.chance(20) ? ".0]" : "]");
  put(code, value);
  remember(code, value);
}

void ViewWalk::write_element() {
  if (node_->size() == 0) return append_element();
  const size_t i = random_.below(static_cast<uint32_t>(node_->size()));
  const Written written = anything(false);
  const std::string code = c_ + "[" + std::to_string(i + 1) + "]";
  line(code + " = " + written.lua);
  node_->children[i].value = written.value;
  put(code, written.value);
  remember(code, written.value);
}

void ViewWalk::append_element() {
  const Written written = anything(false);
  line(c_ + "[#" + c_ + " + 1] = " + written.lua);
  node_->children.push_back({"", written.value});
  remember(c_ + "[#" + c_ + "]", written.value);
}

void ViewWalk::pop_element() {
  line(c_ + "[#" + c_ + " + 1] = nil");
  if (node_->size() == 0) return;
  line(c_ + "[#" + c_ + "] = nil");
  node_->children.pop_back();
  put("#" + c_, ModelValue::of(static_cast<int64_t>(node_->size())));
}

void ViewWalk::misuse_list() {
  if (node_->table) return;  // a Lua table takes anything until it is printed
  const std::string size = std::to_string(node_->size());
  put(c_ + ".x", {});
  put(c_ + "['1']", {});
  put(c_ + "[1.5]", {});
  must_fail(c_ + "[0] = 1");
  must_fail(c_ + "[-1] = nil");
  must_fail(c_ + ".x = 1");
  must_fail(c_ + "[" + size + " + 2] = 1");
  must_fail(c_ + "[" + size + " + 1] = 0 / 0");
  if (node_->size() > 1) must_fail(c_ + "[1] = nil");
}

void ViewWalk::walk_elements() {
  const bool counted = random_.chance(50) || node_->table;
  line(std::string("for i, x in ") + (counted ? "ipairs(" : "pairs(") + c_ +
       ") do put(i) put(x) end");
  for (size_t i = 0; i < node_->size(); ++i) {
    log_.push_back(shown(ModelValue::of(static_cast<int64_t>(i + 1))));
    log_.push_back(shown(node_->children[i].value));
  }
}

void ViewWalk::walk_backward() {
  line("for i = #" + c_ + ", 1, -1 do put(" + c_ + "[i]) end");
  for (size_t i = node_->size(); i > 0; --i) log_.push_back(shown(node_->children[i - 1].value));
}

// What moves is read and written: a number has the text that Lua gives it.
void ViewWalk::insert_element() {
  const Written written = anything(false);
  if (random_.chance(30)) {
    line("table.insert(" + c_ + ", " + written.lua + ")");
    node_->children.push_back({"", written.value});
    return;
  }
  const size_t i = random_.below(static_cast<uint32_t>(node_->size() + 1));
  line("table.insert(" + c_ + ", " + std::to_string(i + 1) + ", " + written.lua + ")");
  auto& children = node_->children;
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(i), {"", written.value});
  for (size_t k = i + 1; k < children.size(); ++k) children[k].value = children[k].value.read();
}

void ViewWalk::remove_element() {
  if (node_->size() == 0 || random_.chance(30)) {
    put("table.remove(" + c_ + ")",
        node_->size() == 0 ? ModelValue() : node_->children.back().value);
    if (node_->size() > 0) node_->children.pop_back();
    return;
  }
  const size_t i = random_.below(static_cast<uint32_t>(node_->size()));
  put("table.remove(" + c_ + ", " + std::to_string(i + 1) + ")", node_->children[i].value);
  node_->children.erase(node_->children.begin() + static_cast<std::ptrdiff_t>(i));
  for (size_t k = i; k < node_->size(); ++k) {
    node_->children[k].value = node_->children[k].value.read();
  }
}

void ViewWalk::join_elements() {
  const std::string code = "table.concat(" + c_ + ", ', ')";
  if (!all_of_kind(*node_, ValueKind::kString, ValueKind::kInteger)) {
    if (all_of_kind(*node_, ValueKind::kString, ValueKind::kFloat)) return;
    for (const auto& child : node_->children) {
      if (child.value.read().kind == ValueKind::kFloat) return;  // in another form
    }
    return must_fail(code);
  }
  std::string joined;
  for (size_t i = 0; i < node_->size(); ++i) {
    const ModelValue value = node_->children[i].value.read();
    if (i > 0) joined += ", ";
    joined += value.kind == ValueKind::kString ? value.text : std::to_string(value.integer);
  }
  put(code, ModelValue::of(joined));
}

void ViewWalk::unpack_elements() {
  line("for _, x in ipairs({table.unpack(" + c_ + ")}) do put(x) end");
  for (const auto& child : node_->children) log_.push_back(shown(child.value));
}

void ViewWalk::sort_elements() {
  const bool numbers = all_of_kind(*node_, ValueKind::kInteger, ValueKind::kInteger);
  if (!numbers && !all_of_kind(*node_, ValueKind::kString, ValueKind::kString)) return;
  line("table.sort(" + c_ + ")");
  std::stable_sort(node_->children.begin(), node_->children.end(),
                   [&](const auto& a, const auto& b) {
                     const ModelValue x = a.value.read();
                     const ModelValue y = b.value.read();
                     return numbers ? x.integer < y.integer : x.text < y.text;
                   });
}

}  // namespace sluice::testing
