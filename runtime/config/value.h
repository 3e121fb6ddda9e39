// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/config/config.h"
#include "runtime/config/keys.h"
#include "runtime/config/problems.h"
#include "runtime/config/yaml.h"

namespace sluice::config {

// What a key holds once it has been checked against the table, defaults included. Lifetime: `node`
// points into the tree it was made from.
struct Value {
  using Durations = std::vector<Millis>;
  using Strings = std::vector<std::string>;
  // Size and integers are uint64_t; a record key is one of its words, a list of pointers, or
  // kHeaderKey and the header's name; sections and named maps hold members and no data.
  using Data =
      std::variant<std::monostate, bool, uint64_t, double, Millis, std::string, Strings, Durations>;

  static constexpr std::string_view kHeaderKey = "header ";

  const Key* key = nullptr;
  std::string name;                // the key's name, or the instance name in a named map
  const YamlNode* node = nullptr;  // nullptr: the value is a default
  Data data;
  std::vector<Value> members;  // sections: one per built key that has a value, in table order

  [[nodiscard]] Place place() const { return node != nullptr ? node->place : Place{}; }
  [[nodiscard]] bool given() const { return node != nullptr; }
  [[nodiscard]] bool has_data() const { return data.index() != 0; }

  [[nodiscard]] const Value* find(std::string_view member) const {
    for (const Value& value : members) {
      if (value.name == member) return &value;
    }
    return nullptr;
  }
  // The member that the table promises; a missing one is our bug.
  [[nodiscard]] const Value& at(std::string_view member) const {
    const Value* value = find(member);
    SLUICE_CHECK(value != nullptr, "a key is missing from the configuration table");
    return *value;
  }
  template <typename T>
  [[nodiscard]] const T& get(std::string_view member) const {
    const T* held = std::get_if<T>(&at(member).data);
    SLUICE_CHECK(held != nullptr, "a key has another type in the configuration table");
    return *held;
  }
};

// Checks a tree with expanded placeholders against the keys of the table and fills in defaults.
// Relative paths become absolute from `base`. Usable only when no problem was added.
Value check_tree(const YamlNode& root, const std::filesystem::path& base, Problems& problems);

// Checks that concern several keys: names unique in the process, keys that exclude each other.
void check_rules(const Value& root, Problems& problems);

// Names of pipelines and instances: [a-z0-9][a-z0-9_-]*, at most 64.
bool is_instance_name(std::string_view text);

}  // namespace sluice::config
