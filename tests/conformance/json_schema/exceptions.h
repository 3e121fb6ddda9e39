// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::testing {

// One row of the table in docs/schemas.md: tests of the suite that are not passed, and why.
struct Exception {
  std::string file;    // "draft7/optional/format/x.json"
  std::string schema;  // the description of the schema, or "*"
  std::string test;    // of the test, or "*"
  std::string reason;
  size_t met = 0;  // tests that it excused

  [[nodiscard]] bool fits(std::string_view of_file, std::string_view of_schema,
                          std::string_view of_test) const {
    return file == of_file && (schema == "*" || schema == of_schema) &&
           (test == "*" || test == of_test);
  }
};

// Reads the rows between the markers `<!-- suite exceptions -->` and `<!-- end -->`.
Result<std::vector<Exception>> read_exceptions(const std::string& path);

}  // namespace sluice::testing
