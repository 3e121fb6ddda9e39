// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"

namespace sluice::schema {

using SampleIndex = uint32_t;
inline constexpr SampleIndex kNoSample = UINT32_MAX;

// The formats that are looked for; the first that all texts of a place have is told.
inline constexpr std::array<std::string_view, 6> kInferredFormats = {"date-time", "date", "uuid",
                                                                     "email",     "ipv4", "uri"};

// What was seen at one place of the records.
struct Sample {
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  struct Member {
    std::string name;
    SampleIndex sample = kNoSample;
    uint64_t count = 0;  // objects that had it
  };

  std::array<uint64_t, 7> kinds{};  // values, by JsonKind
  uint64_t fractions = 0;           // numbers that were not spelled as whole numbers

  bool range_known = true;  // false once a number was too long to be kept
  std::string least, greatest;

  uint64_t shortest = UINT64_MAX;  // of texts, in code points
  uint64_t longest = 0;
  uint8_t formats = (1U << kInferredFormats.size()) - 1;
  std::vector<std::string> values;  // different texts
  bool many_values = false;         // too many, or too long, to be listed

  SampleIndex items = kNoSample;
  bool items_open = false;  // some items were not looked at
  uint64_t fewest = UINT64_MAX;
  uint64_t most = 0;

  std::vector<Member> members;
  std::unordered_map<std::string, uint32_t, NameHash, std::equal_to<>> by_name;
  bool more_members = false;  // some members were not looked at

  [[nodiscard]] uint64_t of(JsonKind kind) const { return kinds[static_cast<size_t>(kind)]; }
};

// Everything that was seen. Bounded as infer.h says.
class Samples {
 public:
  explicit Samples(size_t max_values) : max_values_(max_values) { samples_.emplace_back(); }

  void add(const Document& document);
  [[nodiscard]] const Sample& root() const { return samples_.front(); }
  [[nodiscard]] const Sample& at(SampleIndex i) const { return samples_[i]; }

 private:
  struct Frame {
    NodeIndex next = 0;
    uint32_t left = 0;
    uint32_t cursor = 0;  // where the next member most likely is
    SampleIndex sample = 0;
    bool object = false;
  };

  void see(const Document& document, NodeIndex node, SampleIndex at);
  void see_number(const Document& document, NodeIndex node, Sample& sample);
  void see_text(std::string_view text, Sample& sample);
  void keep_value(std::string_view text, Sample& sample);
  void open(const Document& document, NodeIndex node, SampleIndex at);
  SampleIndex member(Frame& frame, std::string_view name);
  SampleIndex make();

  const size_t max_values_;
  std::vector<Sample> samples_;
  std::vector<Frame> stack_;
  Arena arena_;
  uint64_t value_bytes_ = 0;
};

}  // namespace sluice::schema
