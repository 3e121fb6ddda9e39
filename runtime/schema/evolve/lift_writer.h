// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/schema/evolve/change.h"
#include "runtime/schema/evolve/shape.h"

namespace sluice::schema {

// Changes below one container of a record, and the Lua for them. `object` is the name the
// container has there.
class LiftGroup {
 public:
  LiftGroup(const ShapeGraph& old_graph, const ShapeGraph& new_graph, std::vector<Step> parent,
            std::string object);

  // `last`: the step from the container to the place of the change (kHere: the record itself).
  void add(const PlacedChange& placed, const Step& last);
  // Finishes the group: renames first, then conversions, then new fields, then what is dropped.
  [[nodiscard]] std::vector<std::string> lines();

  [[nodiscard]] const std::vector<Step>& parent() const { return parent_; }
  [[nodiscard]] bool rejects() const { return rejects_; }
  [[nodiscard]] bool keeps() const { return keeps_; }

 private:
  struct Place {
    std::string path;
    std::string value;  // the Lua expression: r.qty
    bool item = false;  // inside `for i, item in ipairs(...)`
  };
  struct Field {
    const FoundChange* change;
    std::string path;
    bool used = false;
  };

  void convert(const Place& place, const FoundChange& change, const Step& last);
  void type_change(const Place& place, const FoundChange& change, bool optional);
  void from_number(const Place& place, uint8_t gone, const Shape& to);
  void from_string(const Place& place, const Shape& to);
  void values_change(const Place& place, const FoundChange& change);
  void range_change(const Place& place, const FoundChange& change);
  void length_change(const Place& place, const FoundChange& change);
  void close(const Place& place, const FoundChange& change);
  void guess_renames();
  void add_field(const Field& field, const Place& place);
  void drop_field(const Field& field, const Place& place);

  // A line, a comment, a line that rejects.
  void line(std::string text) { body_.push_back(std::move(text)); }
  void note(const Place& place, const std::string& text);
  void todo(const Place& place, const std::string& text);
  [[nodiscard]] std::string undecided(const Place& place, const std::string& text);
  // The same where `test` holds.
  void undecided_if(const std::string& test, const Place& place, const std::string& text);
  void leave_to_check(const Place& place, const FoundChange& change);
  [[nodiscard]] bool optional_in_new(const Step& last) const;
  [[nodiscard]] std::optional<std::string> known_value(const Shape& shape) const;
  [[nodiscard]] Place place_of(const PlacedChange& placed, const Step& last) const;

  const ShapeGraph& old_;
  const ShapeGraph& new_;
  const std::vector<Step> parent_;
  const std::string object_;
  std::vector<std::string> body_;
  std::vector<std::string> last_;  // what has to come at the end
  std::vector<Field> added_, removed_;
  bool rejects_ = false;
  bool keeps_ = false;
};

}  // namespace sluice::schema
