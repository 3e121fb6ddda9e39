// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/schema/evolve/diff.h"

namespace sluice::testing {

inline SchemaDiff diff(std::string_view before, std::string_view after, DiffOptions options = {}) {
  auto made = diff_schemas(before, "old.schema.json", after, "new.schema.json", options);
  EXPECT_TRUE(made) << before << "\n" << after << "\n" << made.status().message();
  return made ? *made : SchemaDiff{};
}

// "/qty range_widened widening", one a change.
inline std::vector<std::string> told(const SchemaDiff& made) {
  std::vector<std::string> out;
  for (const SchemaChange& change : made.changes) {
    out.push_back(change.path + " " + change.kind + " " + change.change_class);
  }
  return out;
}

inline std::string verdict(const SchemaDiff& made) {
  return std::string(compatibility_name(made.verdict));
}

}  // namespace sluice::testing
