// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/script/view_walk.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace sluice::testing {
namespace {

using Kind = ModelValue::Kind;

constexpr size_t kMostVariables = 40;
constexpr size_t kHeaviest = 200;  // of what is put somewhere else: it may double each time
constexpr size_t kHighest = 20;

constexpr char kHead[] =
    "function transform(r)\n"
    "local log, v = {'start'}, {r}\n"
    "local function put(x)\n"
    "  if x == nil then log[#log + 1] = 'nil'\n"
    "  elseif x == sluice.null then log[#log + 1] = 'null'\n"
    "  elseif math.type(x) == 'integer' then log[#log + 1] = 'i' .. x\n"
    "  elseif type(x) == 'number' then log[#log + 1] = string.format('f%a', x)\n"
    "  elseif type(x) == 'string' then log[#log + 1] = 's' .. #x .. ':' .. x\n"
    "  elseif type(x) == 'boolean' then log[#log + 1] = tostring(x)\n"
    "  else log[#log + 1] = type(x) end\n"
    "end\n";

std::string lua_text(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\%03d", static_cast<unsigned char>(c));
    out += (c >= 'a' && c <= 'z') || c == ' ' ? std::string(1, c) : std::string(escape);
  }
  return out + "'";
}

std::string lua_number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.17g", value);
  std::string out = text;
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

}  // namespace

ViewWalk::ViewWalk(uint64_t seed) : random_(seed, RandomRecord::Form{true, true, false}) {
  record_ = random_.record();
  Document document;
  if (!document.parse(record_, ParseLimits{})) return;
  result_ = model_of(document, Document::root());
  variables_.push_back(result_.node);
  script_ = kHead;
  log_.emplace_back("start");
  for (uint32_t n = 5 + random_.below(40); n > 0; --n) step();
  line("sluice.emit({log = log})\nreturn r\nend");
}

void ViewWalk::choose() {
  at_ = random_.below(static_cast<uint32_t>(variables_.size()));
  node_ = variables_[at_].get();
  c_ = "v[" + std::to_string(at_ + 1) + "]";
}

void ViewWalk::step() {
  static constexpr Operation kOfObject[] = {
      &ViewWalk::read_member,  &ViewWalk::read_member,     &ViewWalk::write_member,
      &ViewWalk::write_member, &ViewWalk::write_member,    &ViewWalk::walk_members,
      &ViewWalk::next_member,  &ViewWalk::walk_and_change, &ViewWalk::walk_and_grow,
      &ViewWalk::compare,      &ViewWalk::take_length,     &ViewWalk::misuse_object};
  static constexpr Operation kOfTable[] = {&ViewWalk::read_member, &ViewWalk::write_member,
                                           &ViewWalk::compare};
  static constexpr Operation kOfList[] = {
      &ViewWalk::read_element,    &ViewWalk::read_element,   &ViewWalk::write_element,
      &ViewWalk::write_element,   &ViewWalk::append_element, &ViewWalk::append_element,
      &ViewWalk::pop_element,     &ViewWalk::walk_elements,  &ViewWalk::walk_backward,
      &ViewWalk::insert_element,  &ViewWalk::remove_element, &ViewWalk::join_elements,
      &ViewWalk::unpack_elements, &ViewWalk::sort_elements,  &ViewWalk::compare,
      &ViewWalk::take_length,     &ViewWalk::misuse_list};
  choose();
  if (node_->list) {
    (this->*kOfList[random_.below(std::size(kOfList))])();
  } else if (node_->table) {
    (this->*kOfTable[random_.below(std::size(kOfTable))])();
  } else {
    (this->*kOfObject[random_.below(std::size(kOfObject))])();
  }
}

ViewWalk::Written ViewWalk::scalar() {
  switch (random_.below(6)) {
    case 0:
      return {"sluice.null", ModelValue::null()};
    case 1: {
      const bool value = random_.chance(50);
      return {value ? "true" : "false", ModelValue::of(value)};
    }
    case 2: {
      const auto value = static_cast<int64_t>(random_.below(1000)) - 500;
      return {std::to_string(value), ModelValue::of(value)};
    }
    case 3: {
      static constexpr double kEdges[] = {0.1, 3.0, -0.0, 1e300, 5e-324, 1.0 / 3, 100000.0, 1e15};
      const double value =
          random_.chance(50) ? kEdges[random_.below(8)] : random_.below(100000) / 64.0;
      return {lua_number(value), ModelValue::of(value)};
    }
    default: {
      const std::string value = random_.name();
      return {lua_text(value), ModelValue::of(value)};
    }
  }
}

ViewWalk::Written ViewWalk::anything(bool nil) {
  const uint32_t kind = random_.below(10);
  if (kind == 0 && nil) return {"nil", {}};
  if (kind == 1) {
    const auto made = std::make_shared<ModelNode>();
    made->table = true;
    made->list = random_.chance(50);
    return {made->list ? "sluice.array {}" : "{}", ModelValue::of(made)};
  }
  const size_t other = random_.below(static_cast<uint32_t>(variables_.size()));
  const ModelRef& part = variables_[other];
  const std::string name = "v[" + std::to_string(other + 1) + "]";
  if (kind < 5 && weight(part) < kHeaviest && height(part) < kHighest) {
    if (kind == 2) {
      return {(random_.chance(50) ? "sluice.totable(" : "sluice.deepcopy(") + name + ")",
              copy_of(ModelValue::of(part))};
    }
    if (!reaches(part, variables_[at_])) return {name, ModelValue::of(part)};
  }
  return scalar();
}

std::string ViewWalk::key() {
  if (node_->children.empty() || random_.chance(25)) return random_.name();
  return node_->children[random_.below(static_cast<uint32_t>(node_->size()))].name;
}

void ViewWalk::put(const std::string& code, const ModelValue& value) {
  line("put(" + code + ")");
  log_.push_back(shown(value));
}

void ViewWalk::put_boolean(const std::string& code, bool value) {
  put(code, ModelValue::of(value));
}

void ViewWalk::must_fail(const std::string& code) {
  put_boolean("(pcall(function() " + code + " end))", false);
}

// A container that was read becomes a variable, to be worked on.
void ViewWalk::remember(const std::string& code, const ModelValue& value) {
  if (value.kind != Kind::kNode || variables_.size() >= kMostVariables) return;
  line("v[" + std::to_string(variables_.size() + 1) + "] = " + code);
  variables_.push_back(value.node);
}

void ViewWalk::read_member() {
  const std::string name = key();
  const ModelValue* const found = node_->find(name);
  const ModelValue value = found != nullptr ? *found : ModelValue();
  const std::string code = c_ + "[" + lua_text(name) + "]";
  put(code, value);
  put_boolean(code + " == nil", value.absent());
  put_boolean(code + " == sluice.null", value.kind == Kind::kNull);
  remember(code, value);
}

void ViewWalk::write_member() {
  const std::string name = key();
  const Written written = anything(true);
  const std::string code = c_ + "[" + lua_text(name) + "]";
  line(code + " = " + written.lua);
  node_->set(name, written.value);
  put(code, written.value);
  remember(code, written.value);
}

void ViewWalk::walk_members() {
  line("for k, x in pairs(" + c_ + ") do put(k) put(x) end");
  for (const auto& child : node_->children) {
    if (child.value.absent()) continue;
    log_.push_back(shown(ModelValue::of(child.name)));
    log_.push_back(shown(child.value));
  }
}

void ViewWalk::walk_and_change() {
  line("for k, x in pairs(" + c_ + ") do put(k) if x == true or x == false then " + c_ +
       "[k] = nil elseif math.type(x) == 'integer' then " + c_ + "[k] = x ~ 1 end end");
  for (auto& child : node_->children) {
    if (child.value.absent()) continue;
    log_.push_back(shown(ModelValue::of(child.name)));
    const ModelValue value = child.value.read();
    if (value.kind == Kind::kTrue || value.kind == Kind::kFalse) child.value = ModelValue();
    if (value.kind == Kind::kInteger) child.value = ModelValue::of(value.integer ^ 1);
  }
}

void ViewWalk::walk_and_grow() {
  const std::string name = random_.name();
  line("do local once = true for k in pairs(" + c_ + ") do put(k) if once then once = false " + c_ +
       "[" + lua_text(name) + "] = 1 end end end");
  bool once = true;
  for (size_t i = 0; i < node_->size(); ++i) {  // it grows on the way
    if (node_->children[i].value.absent()) continue;
    log_.push_back(shown(ModelValue::of(node_->children[i].name)));
    if (once) node_->set(name, ModelValue::of(int64_t{1}));
    once = false;
  }
}

void ViewWalk::next_member() {
  const std::string name = key();
  size_t i = 0;
  while (i < node_->size() && node_->children[i].name != name) ++i;
  if (i == node_->size()) return must_fail("next(" + c_ + ", " + lua_text(name) + ")");
  ++i;
  while (i < node_->size() && node_->children[i].value.absent()) ++i;
  const bool end = i == node_->size();
  put("(next(" + c_ + ", " + lua_text(name) + "))",
      end ? ModelValue() : ModelValue::of(node_->children[i].name));
}

void ViewWalk::misuse_object() {
  put(c_ + "[1]", {});
  put(c_ + "[true]", {});
  must_fail(c_ + "[1] = 1");
  must_fail(c_ + "[sluice.null] = 1");
  must_fail(c_ + ".x = 0 / 0");
  must_fail(c_ + "['\\xff'] = 1");
  put("(ipairs(" + c_ + ")(" + c_ + ", 0))", {});
}

void ViewWalk::compare() {
  const size_t other = random_.below(static_cast<uint32_t>(variables_.size()));
  put_boolean(c_ + " == v[" + std::to_string(other + 1) + "]",
              variables_[at_] == variables_[other]);
}

void ViewWalk::take_length() {
  put("#" + c_, ModelValue::of(static_cast<int64_t>(node_->list ? node_->size() : 0)));
}

}  // namespace sluice::testing
