// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <deque>
#include <string>
#include <vector>

namespace sluice::test {

// The host's columns extension for tests: parses each record with RapidJSON. Cells live until the
// next batch.
class FakeColumns {
 public:
  struct Declared {
    std::string pointer;
    uint32_t form;
  };
  sluice_rc declare(const sluice_column* const* columns, uint32_t n);
  sluice_rc cells(const sluice_batch* batch, const sluice_cell** out);

  std::vector<Declared> declared;

 private:
  void read_record(const sluice_record& record);

  std::vector<sluice_cell> cells_;
  std::deque<std::string> texts_;  // a deque does not move what it holds
};

}  // namespace sluice::test
