// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/lift_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/evolve/lua_text.h"

namespace sluice::schema {
namespace {

// Letters and digits in lower case: "orderId" and "order_id" are the same name in two styles.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if (c != '_' && c != '-' && c != ' ' && c != '.') {
      out += c;
    }
  }
  return out;
}

bool similar(std::string_view a, std::string_view b) {
  const std::string left = plain(a);
  const std::string right = plain(b);
  if (left == right) return true;
  constexpr size_t kShortest = 3;
  if (left.size() < kShortest || right.size() < kShortest) return false;
  if (left.find(right) != std::string::npos || right.find(left) != std::string::npos) return true;
  const std::array<std::string, 1> other = {right};
  return did_you_mean(left, other).has_value();
}

}  // namespace

LiftGroup::LiftGroup(const ShapeGraph& old_graph, const ShapeGraph& new_graph,
                     std::vector<Step> parent, std::string object)
    : old_(old_graph), new_(new_graph), parent_(std::move(parent)), object_(std::move(object)) {}

LiftGroup::Place LiftGroup::place_of(const PlacedChange& placed, const Step& last) const {
  Place place;
  place.path = path_of(placed.steps);
  if (place.path.empty()) place.path = "the record";
  switch (last.kind) {
    case StepKind::kHere:
    case StepKind::kOthers:
      place.value = object_;
      break;
    case StepKind::kMember:
      place.value = lua_member(object_, *last.name);
      break;
    case StepKind::kItem:
      place.value = object_ + "[" + std::to_string(last.index + 1) + "]";
      break;
    case StepKind::kItems:
      place.value = object_ + "[i]";
      place.item = true;
      break;
  }
  return place;
}

void LiftGroup::note(const Place& place, const std::string& text) {
  line("-- " + lua_comment(place.path + ": " + text));
}

void LiftGroup::todo(const Place& place, const std::string& text) {
  line("-- TODO(schema diff): " + lua_comment(place.path + ": " + text));
}

std::string LiftGroup::undecided(const Place& place, const std::string& text) {
  rejects_ = true;
  return "return undecided(" + lua_string(shorten(place.path + ": " + text, 200)) + ")";
}

void LiftGroup::undecided_if(const std::string& test, const Place& place, const std::string& text) {
  line("if " + test + " then");
  line("  " + undecided(place, text));
  line("end");
}

void LiftGroup::leave_to_check(const Place& place, const FoundChange& change) {
  todo(place, std::string(change_kind_name(change.kind)) + " (" + change.detail +
                  "); records outside are refused by the check after this step");
}

void LiftGroup::add(const PlacedChange& placed, const Step& last) {
  const FoundChange& change = *placed.change;
  const Place place = place_of(placed, last);
  if (placed.within != nullptr || last.kind == StepKind::kOthers) {
    if (change.backward) return;
    // Under a keyword that may not apply, or for members without a name, nothing is certain.
    const std::string under =
        placed.within != nullptr ? " under " + std::string(placed.within) : " of other members";
    todo(place, std::string(change_kind_name(change.kind)) + under + " (" + change.detail + ")");
    undecided_if(place.value + " ~= nil", place,
                 std::string(change_kind_name(change.kind)) + under);
    return;
  }
  if (change.kind == ChangeKind::kFieldAdded) {
    added_.push_back({&change, place.path});
  } else if (change.kind == ChangeKind::kFieldRemoved) {
    removed_.push_back({&change, place.path});
  } else if (!change.backward) {
    const size_t before = body_.size();
    convert(place, change, last);
    if (place.item && body_.size() > before) {
      body_.insert(body_.begin() + static_cast<std::ptrdiff_t>(before),
                   "for i = 1, #" + object_ + " do");
      for (size_t i = before + 1; i < body_.size(); ++i) body_[i].insert(0, "  ");
      line("end");
    }
  }
}

void LiftGroup::convert(const Place& place, const FoundChange& change, const Step& last) {
  switch (change.kind) {
    case ChangeKind::kTypeNarrowed:
    case ChangeKind::kTypeChanged:
      return type_change(place, change, optional_in_new(last));
    case ChangeKind::kBecameRequired: {
      const auto value = known_value(new_.at(change.new_shape));
      if (value) {
        note(place, "required now");
        line("if " + place.value + " == nil then " + place.value + " = " + *value + " end");
      } else {
        todo(place, "required now; what is it where it was missing?");
        undecided_if(place.value + " == nil", place, "required now, and missing here");
      }
      return;
    }
    case ChangeKind::kEnumValueRemoved:
    case ChangeKind::kConstChanged:
      return values_change(place, change);
    case ChangeKind::kRangeNarrowed:
    case ChangeKind::kRangeChanged:
      return range_change(place, change);
    case ChangeKind::kLengthNarrowed:
    case ChangeKind::kLengthChanged:
      return length_change(place, change);
    case ChangeKind::kAdditionalPropertiesClosed:
      return close(place, change);
    case ChangeKind::kUnknown:
      todo(place, change.detail);
      undecided_if(place.value + " ~= nil", place, "cannot be judged");
      return;
    default:
      return leave_to_check(place, change);
  }
}

std::optional<std::string> LiftGroup::known_value(const Shape& shape) const {
  if (shape.fallback) return lua_value(*shape.fallback);
  if (shape.has_values && shape.values.size() == 1) return lua_value(shape.values[0].json);
  // Nothing was known of it: that is what null says.
  if (!shape.has_values && shape.kinds != kAllKinds && (shape.kinds & kKindNull) != 0) {
    return "sluice.null";
  }
  return std::nullopt;
}

bool LiftGroup::optional_in_new(const Step& last) const {
  if (last.kind != StepKind::kMember) return false;
  const Shape* at = &new_.at(new_.root);
  for (const Step& step : parent_) {
    if (step.kind == StepKind::kMember) {
      const ShapeMember* const member = at->member(*step.name);
      if (member == nullptr) return false;
      at = &new_.at(member->shape);
    } else if (step.kind == StepKind::kItems) {
      at = &new_.at(at->rest);
    } else {
      return false;
    }
  }
  // A part of an allOf may require it.
  const ShapeMember* const member = at->member(*last.name);
  return member != nullptr && !member->required && at->all_of.empty();
}

void LiftGroup::guess_renames() {
  for (Field& gone : removed_) {
    const uint8_t kinds = old_.at(gone.change->old_shape).own_kinds();
    const auto fits = [&](const Field& field) {
      return !field.used && new_.at(field.change->new_shape).own_kinds() == kinds &&
             similar(*gone.change->step.name, *field.change->step.name);
    };
    const auto candidate = std::find_if(added_.begin(), added_.end(), fits);
    if (candidate == added_.end() || std::count_if(added_.begin(), added_.end(), fits) != 1) {
      continue;
    }
    const std::string from = lua_member(object_, *gone.change->step.name);
    const std::string to = lua_member(object_, *candidate->change->step.name);
    line("-- TODO(schema diff): " + lua_comment("guessed from name and type that " + gone.path +
                                                " is now " + candidate->path + "; check it"));
    std::string move = "if " + to + " == nil then ";
    move.append(to).append(", ").append(from).append(" = ").append(from).append(", nil end");
    line(std::move(move));
    gone.used = true;
    candidate->used = true;
    if (candidate->change->required && !gone.change->required)
      add_field(*candidate, {candidate->path, to, false});
  }
}

void LiftGroup::add_field(const Field& field, const Place& place) {
  const Shape& shape = new_.at(field.change->new_shape);
  if (!field.change->required) {
    note(place, "new and optional, nothing to do");
    return;
  }
  if (const auto value = known_value(shape)) {
    note(place, "new and required");
    line("if " + place.value + " == nil then " + place.value + " = " + *value + " end");
    return;
  }
  todo(place, "new and required (" + describe_kinds(shape.kinds) + "); where does it come from?");
  undecided_if(place.value + " == nil", place,
               "new and required, and the lift does not say where it comes from");
}

void LiftGroup::drop_field(const Field& field, const Place& place) {
  if (!field.change->backward && field.change->new_shape == kNoShape) {
    last_.push_back("-- " + lua_comment(field.path + ": no longer allowed"));
    // Below the record a list may stand where an object was meant; it has no such member.
    const bool sure = parent_.empty();
    last_.push_back(sure ? place.value + " = nil"
                         : "if " + place.value + " ~= nil then " + place.value + " = nil end");
  } else {
    note(place, "no longer declared, still allowed; kept");
  }
}

void LiftGroup::close(const Place& place, const FoundChange& change) {
  const Shape& shape = new_.at(change.new_shape);
  if (!shape.patterns.empty() || !shape.all_of.empty()) return leave_to_check(place, change);
  keeps_ = true;
  last_.push_back("-- " + lua_comment(place.path + ": undeclared members are no longer allowed"));
  last_.push_back("keep(" + place.value + ", {");
  for (const ShapeMember& member : shape.members) {
    last_.push_back("  " + lua_key(member.name) + " = true,");
  }
  last_.push_back("})");
}

std::vector<std::string> LiftGroup::lines() {
  std::vector<std::string> conversions;
  conversions.swap(body_);
  guess_renames();
  body_.insert(body_.end(), conversions.begin(), conversions.end());
  for (const Field& field : added_) {
    if (field.used) continue;
    add_field(field, {field.path, lua_member(object_, *field.change->step.name), false});
  }
  for (const Field& field : removed_) {
    if (field.used) continue;
    drop_field(field, {field.path, lua_member(object_, *field.change->step.name), false});
  }
  body_.insert(body_.end(), last_.begin(), last_.end());
  return body_;
}

}  // namespace sluice::schema
