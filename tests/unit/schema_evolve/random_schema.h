// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace sluice::testing {

// Schemas (draft-07, or 2020-12 with what it has more), changed schemas and records at random, over
// so few names and values that a record often meets a limit exactly.
class RandomSchema {
 public:
  explicit RandomSchema(uint64_t seed, bool later = false) : random_(seed), later_(later) {}

  // A whole schema, with definitions it may refer to.
  std::string schema();
  // The same with one to three changes; may be no valid schema.
  std::string changed(const std::string& schema);
  std::string record(int depth = 3);

 private:
  friend struct Mutation;
  int pick(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  std::string number();
  std::string text();
  std::string name();
  std::string below(int depth);
  std::string keyword(int depth);
  std::string object_keyword(int depth);
  std::string later_keyword(int depth);
  template <typename Make>
  std::string list(const char* open, const char* close, Make&& make);

  std::mt19937_64 random_;
  bool later_;
};

}  // namespace sluice::testing
