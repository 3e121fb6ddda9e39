// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/drift/classify.h"
#include "runtime/schema/pattern.h"

namespace sluice::drift {

// What a schema says of the places in a record, as far as drift is concerned: which members there
// are, which must be there, of what type. A reading aid beside the compiled schema, not a second
// validator: what the alternatives of anyOf, oneOf, if, then and else name is declared as well, and
// what it does not understand it takes as saying nothing. Immutable, any thread.
class Declared {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = UINT32_MAX;  // nothing is said of this place
  static constexpr Id kRoot = 0;

  struct Member {
    std::string name;
    Id shape = kNone;
    bool required = false;
  };
  struct Shape {
    TypeMask types = 0;          // 0: any
    bool lists_members = false;  // a member that is not among them is undeclared
    bool limits_low = false;     // of numbers: a minimum, a maximum
    bool limits_high = false;
    bool lists_values = false;    // enum or const
    bool limits_text = false;     // maxLength, pattern or format
    Id items = kNone;             // of every element
    Id others = kNone;            // of members not named: the schema of additionalProperties
    std::vector<Member> members;  // by name
    std::vector<std::pair<std::shared_ptr<const schema::Pattern>, Id>> patterns;
    std::string says;  // for people: "integer 1..99", "string, one of \"a\", \"b\""

    [[nodiscard]] const Member* find(std::string_view name) const;
  };

  // `schema` is the text of a schema that compiles. References into other files, and schemas past
  // the bounds (kMaxShapes), count as saying nothing.
  static constexpr size_t kMaxShapes = 20'000;
  static Result<std::shared_ptr<const Declared>> read(std::string_view schema);

  [[nodiscard]] const Shape& shape(Id id) const { return shapes_[id]; }
  [[nodiscard]] size_t size() const { return shapes_.size(); }

 private:
  friend class DeclaredReader;
  std::vector<Shape> shapes_;
};

}  // namespace sluice::drift
