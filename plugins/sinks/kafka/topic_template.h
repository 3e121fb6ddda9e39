// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <sluice/plugin.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::kafka_sink {

// The option `topic`: a name, or one with places that each record fills: {/pointer} by a text,
// number or boolean of its value, {header:NAME} by one of its headers.
class TopicTemplate {
 public:
  // Throws BadConfig that names /topic.
  explicit TopicTemplate(std::string_view text);

  // No record has a say.
  [[nodiscard]] bool fixed() const { return fixed_; }
  // The pointers, in the order in which name() wants their cells.
  [[nodiscard]] const std::vector<std::string>& pointers() const { return pointers_; }
  // Puts the topic of a record into `name`; what it says otherwise is why there is none, with the
  // cure. Names of the broker's own topics (__...) are none.
  [[nodiscard]] std::string name(const sluice_record& record, std::span<const sluice_cell> cells,
                                 std::string& name) const;

 private:
  struct Part {
    enum class Kind : std::uint8_t { kText, kPointer, kHeader };
    Kind kind;
    std::string text;
  };
  void add_place(std::string_view inside);

  std::vector<Part> parts_;
  std::vector<std::string> pointers_;
  bool fixed_ = true;
};

}  // namespace sluice::kafka_sink
