// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace sluice::testing {

// Random JSON records, the same for the same seed: numbers of every form, escapes, Unicode, white
// space, empty containers, names from a small pool so that they meet again.
class RandomRecord {
 public:
  struct Form {
    bool within_double = false;  // no number is past the largest double, none is "-0"
    bool spaced = true;          // white space between tokens, line breaks among it
    bool object = false;         // the root is an object
  };
  RandomRecord(uint64_t seed, Form form) : random_(seed), form_(form) {}

  std::string record();
  std::string number();
  std::string string();  // with quotes
  std::string name();    // decoded
  // Uniform in [0, n).
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  bool chance(uint32_t percent) { return below(100) < percent; }
  static const std::vector<std::string>& names();

 private:
  std::string value(int depth);
  std::string object(int depth);
  std::string list(int depth);
  std::string space();
  std::string digits(uint32_t most);

  std::mt19937_64 random_;
  Form form_;
};

}  // namespace sluice::testing
