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
    out += value + " == " + literal;
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
    const std::string test = "if " + v + " == sluice.null then ";
    const auto value = known_value(to);
    if (value) {
      line(test + v + " = " + *value + " end");
    } else if (optional) {
      line(test + v + " = nil end");
    } else {
      todo(place, "what stands for null?");
      line(test + undecided(place, "null is no longer allowed") + " end");
    }
  }
  if ((gone & kKindBoolean) != 0 && !wrap(kKindBoolean, "type(" + v + ") == \"boolean\"")) {
    const bool text = (to.kinds & kKindString) != 0;
    if (!text) todo(place, "what stands for true and false?");
    line("if type(" + v + ") == \"boolean\" then " +
         (text ? v + " = tostring(" + v + ")" : undecided(place, "no boolean any more")) + " end");
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
  line("if type(" + v + ") == \"userdata\" and " + v + " ~= sluice.null then " +
       undecided(place, "changed its structure") + " end");
}

bool LiftGroup::from_number(const Place& place, uint8_t gone, const Shape& to) {
  const std::string& v = place.value;
  if ((gone & kKindFraction) != 0 && (to.kinds & kKindInteger) != 0) {
    todo(place, "how is a fraction rounded?");
    line("if math.type(" + v + ") == \"float\" then");
    line("  if " + v + " % 1 ~= 0 then " + undecided(place, "has a fraction") + " end");
    line("  " + v + " = math.tointeger(" + v + ") or " + v);
    line("end");
    return true;
  }
  if ((to.kinds & kKindString) != 0) {
    if ((gone & kKindInteger) != 0) {
      line("if math.type(" + v + ") == \"integer\" then " + v + " = tostring(" + v + ") end");
    }
    todo(place, "how is a number with a fraction (or past 64 bits) spelled?");
    line("if math.type(" + v + ") == \"float\" then " +
         undecided(place, "a number whose spelling is not decided") + " end");
    return true;
  }
  todo(place, "what stands for the number?");
  line("if type(" + v + ") == \"number\" then " + undecided(place, "no number any more") + " end");
  return true;
}

bool LiftGroup::from_string(const Place& place, const Shape& to) {
  const std::string& v = place.value;
  const std::string test = "if type(" + v + ") == \"string\" then";
  if ((to.kinds & kNumberKinds) != 0) {
    const bool fraction = (to.kinds & kKindFraction) != 0;
    const std::string spelled = fraction ? "^-?%d+%.?%d*$" : "^-?%d+$";
    const std::string read =
        fraction ? "tonumber(" + v + ")" : "math.tointeger(tonumber(" + v + "))";
    line(test);
    line("  local number = " + v + ":find(" + lua_string(spelled) + ") and " + read);
    line("  if not number then " + undecided(place, "text that is not such a number") + " end");
    line("  " + v + " = number");
    line("end");
    return true;
  }
  if ((to.kinds & kKindBoolean) != 0) {
    line(test);
    line("  if " + v + " ~= \"true\" and " + v + " ~= \"false\" then " +
         undecided(place, "text that is neither true nor false") + " end");
    line("  " + v + " = " + v + " == \"true\"");
    line("end");
    return true;
  }
  todo(place, "what stands for the text?");
  line(test + " " + undecided(place, "no text any more") + " end");
  return true;
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
  line("if " + any_of(place.value, gone) + " then");
  line("  " + undecided(place, "a value that is no longer allowed"));
  line("end");
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
  line("if type(" + place.value + ") == \"number\" and (" + outside + ") then");
  line("  " + undecided(place, "outside the new range"));
  line("end");
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
  line("if type(" + place.value + ") == \"string\" and (" + outside + ") then");
  line("  " + undecided(place, "outside the new length"));
  line("end");
}

}  // namespace sluice::schema
