// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"

// What a record is while a script changes it, in plain C++: the view is held against this.
namespace sluice::testing {

struct ModelNode;
using ModelRef = std::shared_ptr<ModelNode>;

struct ModelValue {
  enum class Kind { kAbsent, kNull, kFalse, kTrue, kInteger, kFloat, kUntouched, kString, kNode };
  Kind kind = Kind::kAbsent;
  int64_t integer = 0;
  double number = 0;
  std::string text;  // of kString, decoded; of kUntouched, the number's text
  ModelRef node;

  static ModelValue of(int64_t value);
  static ModelValue of(double value);
  static ModelValue of(std::string value);
  static ModelValue of(bool value);
  static ModelValue of(ModelRef value);
  static ModelValue null();
  // As Lua reads it: a number without the text it had.
  [[nodiscard]] ModelValue read() const;
  [[nodiscard]] bool absent() const { return kind == Kind::kAbsent; }
};

// An object, a list, or a Lua table that was put into the record (whose members are printed by
// name). A child that was removed from an object stays as kAbsent and keeps its place.
struct ModelNode {
  struct Child {
    std::string name;
    ModelValue value;
  };
  bool list = false;
  bool table = false;
  std::vector<Child> children;

  [[nodiscard]] const ModelValue* find(std::string_view name) const;
  void set(const std::string& name, ModelValue value);
  [[nodiscard]] size_t size() const { return children.size(); }
};

ModelValue model_of(const Document& document, NodeIndex at);
// What sluice.totable() answers for it.
ModelValue copy_of(const ModelValue& value);
bool reaches(const ModelRef& from, const ModelRef& to);
// Values printed below it, and containers nested.
size_t weight(const ModelRef& node);
size_t height(const ModelRef& node);

// How the scripts of the test show a value they read.
std::string shown(const ModelValue& value);
// "" if the document is what the model says, else where it is not.
std::string difference(const ModelValue& model, const Document& document, NodeIndex at);

}  // namespace sluice::testing
