// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "runtime/base/text.h"
#include "runtime/schema/evolve/lift_writer.h"
#include "runtime/schema/evolve/lua_text.h"

// Conversions of one value.
namespace sluice::schema {
namespace {

constexpr size_t kMaxListed = 20;

// "a == 1 or a == 2".
std::string any_of(const std::string& value, const std::vector<std::string>& literals) {
  std::string out;
  for (const std::string& literal : literals) {
    if (!out.empty()) out += " or ";
    out.append(value).append(" == ").append(literal);
  }
  return out;
}

}  // namespace

void LiftGroup::type_change(const Place& place, const FoundChange& change, bool optional) {
  const Shape& from = old_.at(change.old_shape);
  const Shape& to = new_.at(change.new_shape);
  const auto gone = static_cast<uint8_t>(from.kinds & ~to.kinds);
  const std::string& v = place.value;
  note(place, change.detail);
  // A scalar that became a list of such scalars.
  const Shape& item = new_.at(to.rest);
  const uint8_t wrapped = (to.kinds & kKindArray) != 0 && to.rest != kNoShape ? item.kinds : 0;
  const auto wrap = [&](uint8_t kind, const std::string& test) {
    if ((gone & kind) == 0 || (wrapped & kind) == 0) return false;
    line("if " + test + " then " + v + " = sluice.array({ " + v + " }) end");
    return true;
  };
  if ((gone & kKindNull) != 0) {
    const std::string test = v + " == sluice.null";
    const auto value = known_value(to);
    if (value || optional) {
      line("if " + test + " then " + v + " = " + value.value_or("nil") + " end");
    } else {
      todo(place, "what stands for null?");
      undecided_if(test, place, "null is no longer allowed");
    }
  }
  if ((gone & kKindBoolean) != 0 && !wrap(kKindBoolean, "type(" + v + ") == \"boolean\"")) {
    const std::string test = "type(" + v + ") == \"boolean\"";
    if ((to.kinds & kKindString) != 0) {
      line("if " + test + " then " + v + " = tostring(" + v + ") end");
    } else {
      todo(place, "what stands for true and false?");
      undecided_if(test, place, "no boolean any more");
    }
  }
  const auto numbers = static_cast<uint8_t>(gone & kNumberKinds);
  if (numbers != 0 && !wrap(kNumberKinds, "type(" + v + ") == \"number\"")) {
    from_number(place, numbers, to);
  }
  if ((gone & kKindString) != 0 && !wrap(kKindString, "type(" + v + ") == \"string\"")) {
    from_string(place, to);
  }
  constexpr uint8_t kContainers = kKindArray | kKindObject;
  if ((gone & kContainers) == 0) return;
  todo(place, describe_kinds(gone & kContainers) + " became " + describe_kinds(to.kinds));
  // A list and an object look alike to a script; when one of them stays, the check decides.
  if ((to.kinds & kContainers) != 0 && (from.kinds & kContainers) == kContainers) return;
  undecided_if("type(" + v + ") == \"userdata\" and " + v + " ~= sluice.null", place,
               "changed its structure");
}

void LiftGroup::from_number(const Place& place, uint8_t gone, const Shape& to) {
  const std::string& v = place.value;
  if ((gone & kKindFraction) != 0 && (to.kinds & kKindInteger) != 0) {
    todo(place, "how is a fraction rounded?");
    line("if math.type(" + v + ") == \"float\" then");
    line("  if " + v + " % 1 ~= 0 then");
    line("    " + undecided(place, "has a fraction"));
    line("  end");
    line("  " + v + " = math.tointeger(" + v + ") or " + v);
    line("end");
    return;
  }
  if ((to.kinds & kKindString) != 0) {
    if ((gone & kKindInteger) != 0) {
      line("if math.type(" + v + ") == \"integer\" then " + v + " = tostring(" + v + ") end");
    }
    if ((gone & kKindFraction) != 0) {
      todo(place, "how is a number with a fraction spelled?");
    } else {
      line("-- past 64 bits Lua has no exact integer");
    }
    undecided_if("math.type(" + v + ") == \"float\"", place, "a number with no certain spelling");
    return;
  }
  todo(place, "what stands for the number?");
  undecided_if("type(" + v + ") == \"number\"", place, "no number any more");
}

void LiftGroup::from_string(const Place& place, const Shape& to) {
  const std::string& v = place.value;
  const std::string test = "type(" + v + ") == \"string\"";
  if ((to.kinds & kNumberKinds) != 0) {
    const bool fraction = (to.kinds & kKindFraction) != 0;
    const std::string spelled = fraction ? "^-?%d+%.?%d*$" : "^-?%d+$";
    const std::string read =
        fraction ? "tonumber(" + v + ")" : "math.tointeger(tonumber(" + v + "))";
    line("if " + test + " then");
    line("  local number = " + v + ":find(" + lua_string(spelled) + ") and " + read);
    line("  if not number then");
    line("    " + undecided(place, "text that is not such a number"));
    line("  end");
    line("  " + v + " = number");
    line("end");
    return;
  }
  if ((to.kinds & kKindBoolean) != 0) {
    line("if " + test + " then");
    line("  if " + v + " ~= \"true\" and " + v + " ~= \"false\" then");
    line("    " + undecided(place, "text that is neither true nor false"));
    line("  end");
    line("  " + v + " = " + v + " == \"true\"");
    line("end");
    return;
  }
  todo(place, "what stands for the text?");
  undecided_if(test, place, "no text any more");
}

void LiftGroup::values_change(const Place& place, const FoundChange& change) {
  const Shape& from = old_.at(change.old_shape);
  const Shape& to = new_.at(change.new_shape);
  std::set<ValueHash> stay;
  for (const ShapeValue& value : to.values) stay.insert(value.hash);
  std::vector<std::string> gone;
  bool all = true;
  for (const ShapeValue& value : from.values) {
    if (stay.contains(value.hash)) continue;
    auto literal = value.kind < kKindArray ? lua_value(value.json) : std::nullopt;
    all = all && literal.has_value() && gone.size() < kMaxListed;
    if (literal && all) gone.push_back(std::move(*literal));
  }
  if (!all || gone.empty()) return leave_to_check(place, change);
  const auto only = to.values.size() == 1 ? lua_value(to.values[0].json) : std::nullopt;
  if (change.kind == ChangeKind::kConstChanged && only) {
    note(place, "the constant changed");
    line("if " + any_of(place.value, gone) + " then " + place.value + " = " + *only + " end");
    return;
  }
  todo(place, "values that are gone; what becomes of them?");
  undecided_if(any_of(place.value, gone), place, "a value that is no longer allowed");
}

void LiftGroup::range_change(const Place& place, const FoundChange& change) {
  const Shape& to = new_.at(change.new_shape);
  std::string outside;
  const auto add = [&](const std::optional<ShapeBound>& bound, const char* beyond) {
    if (!bound || !lua_value(bound->text)) return;
    if (!outside.empty()) outside += " or ";
    outside += place.value + " " + beyond + (bound->exclusive ? "= " : " ") + bound->text;
  };
  add(to.lower, "<");
  add(to.upper, ">");
  if (outside.empty()) return leave_to_check(place, change);
  todo(place, "range " + change.detail + "; what becomes of values outside?");
  undecided_if("type(" + place.value + ") == \"number\" and (" + outside + ")", place,
               "outside the new range");
}

void LiftGroup::length_change(const Place& place, const FoundChange& change) {
  const ShapeRange& to = new_.at(change.new_shape).length;
  const std::string length = "utf8.len(" + place.value + ")";
  std::string outside;
  if (to.min != 0) outside = length + " < " + std::to_string(to.min);
  if (to.max <= INT64_MAX) {
    if (!outside.empty()) outside += " or ";
    outside += length + " > " + std::to_string(to.max);
  }
  if (outside.empty() || to.min > INT64_MAX) return leave_to_check(place, change);
  todo(place, "length " + change.detail + "; what becomes of texts outside?");
  undecided_if("type(" + place.value + ") == \"string\" and (" + outside + ")", place,
               "outside the new length");
}

}  // namespace sluice::schema
