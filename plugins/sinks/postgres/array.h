// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::postgres_sink {

// Walks the values of a JSON array, each as the host would give it in a cell. An array or object
// among them comes as SLUICE_CELL_JSON, with all that is left of the text, and is the last step.
// Safe for any bytes; what is no JSON is kBroken.
class ArrayWalk {
 public:
  enum class Step : uint8_t { kElement, kEnd, kBroken };

  // Borrows `json`.
  explicit ArrayWalk(std::string_view json) : rest_(json) {}
  // The text of `out` is borrowed until the next call.
  Step next(sluice_cell* out);

 private:
  Step read_value(sluice_cell* out);
  Step read_string(sluice_cell* out);
  Step read_number(sluice_cell* out);
  bool decode(std::string_view escaped);
  void skip_space();

  std::string_view rest_;
  bool begun_ = false;
  bool over_ = false;
  std::string decoded_;  // of a string with escapes
};

}  // namespace sluice::postgres_sink
