// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice::bench {

// valijson as a program that had chosen it would use it: its own adapter over RapidJSON documents.
class ValijsonRapidjson {
 public:
  // Both are parsed beforehand.
  ValijsonRapidjson(std::string_view schema, const std::vector<std::string_view>& records);
  ~ValijsonRapidjson();
  ValijsonRapidjson(const ValijsonRapidjson&) = delete;
  ValijsonRapidjson& operator=(const ValijsonRapidjson&) = delete;

  // How many records fit.
  [[nodiscard]] size_t run() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::bench
