// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/schema/evolve/infer.h"
#include "runtime/schema/evolve/samples.h"

namespace sluice::schema {

// Writes what the samples say as a schema for people: indented, a field without parts on one line.
class SchemaPrinter {
 public:
  SchemaPrinter(const Samples& samples, const InferOptions& options)
      : samples_(samples), options_(options) {}

  [[nodiscard]] std::string print(uint64_t records) const;

 private:
  // A keyword with its value, already JSON.
  struct Entry {
    std::string keyword;
    std::string value;
    bool tall = false;  // stands on lines of its own
  };

  // The samples are at most 32 levels deep, so is the recursion.
  [[nodiscard]] std::vector<Entry> schema_of(const Sample& sample, size_t indent) const;
  void add_text(const Sample& sample, size_t indent, std::vector<Entry>& out) const;
  void add_object(const Sample& sample, size_t indent, std::vector<Entry>& out) const;
  [[nodiscard]] std::string properties(const Sample& sample, size_t indent) const;
  [[nodiscard]] bool worth_telling(const Sample& sample, const Sample::Member& member) const;
  [[nodiscard]] bool is_enum(const Sample& sample) const;
  [[nodiscard]] static std::string comment(const Sample& sample, bool with_length);

  const Samples& samples_;
  const InferOptions& options_;
};

}  // namespace sluice::schema
