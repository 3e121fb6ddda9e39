// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace sluice::testing {

// Schemas and records at random, small enough that the ones often fit the others. The same seed
// makes the same.
class RandomSchema {
 public:
  // kDraft7 keeps to the keywords valijson has; kModern adds those of 2020-12.
  enum class Dialect { kDraft7, kModern };
  explicit RandomSchema(uint64_t seed, Dialect dialect = Dialect::kDraft7)
      : random_(seed), modern_(dialect == Dialect::kModern) {}

  // A whole schema, with definitions that its parts refer to.
  std::string document();
  std::string record(int depth = 3);

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  std::string schema(int depth);
  std::string keyword(int depth);
  std::string value_keyword();
  std::string container_keyword(int depth);
  std::string modern_keyword(int depth);
  std::string number();
  std::string text();
  std::string name();
  template <typename Make>
  std::string list(Make&& make);

  std::mt19937_64 random_;
  const bool modern_;
};

}  // namespace sluice::testing
