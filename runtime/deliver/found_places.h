// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/deliver/delivery.h"

namespace sluice {

// Places of records that were in a spool when it was opened and that no checkpoint knows to be
// settled: after a crash between an append and its acknowledgement their source gives them again.
// Each is kept as it is, not up to where a lane has come: what is missing in between, such as a
// record whose dead letter was not durable yet, has to be delivered.
//
// Of one thread.
class FoundPlaces {
 public:
  using LaneName = std::function<std::string(uint32_t source, uint32_t lane)>;

  // `most`: so many of the newest are kept. What was not acknowledged was in flight, so as many as
  // can be in flight at once are enough.
  explicit FoundPlaces(size_t most) : most_(most) {}

  // `epoch`: as in SpoolRecord.
  void add(uint32_t source, std::string_view lane, uint64_t position, uint32_t part,
           uint32_t epoch) {
    const auto next = static_cast<uint32_t>(lanes_.size());
    const auto at = lanes_.try_emplace({source, std::string(lane)}, next).first;
    places_.push_back({at->second, position, part, epoch});
    if (places_.size() > most_) places_.pop_front();
  }
  // After the last add().
  void seal();

  [[nodiscard]] bool empty() const { return places_.empty(); }
  // Was it inside? One that comes again on purpose: was it since then?
  bool holds(const Delivery& delivery, const LaneName& name_of);

 private:
  static constexpr uint32_t kNoLane = UINT32_MAX;
  struct Place {
    uint32_t lane = 0;  // of lanes_
    uint64_t position = 0;
    uint32_t part = 0;
    uint32_t epoch = 0;
    auto operator<=>(const Place&) const = default;
  };

  const size_t most_;
  std::map<std::pair<uint32_t, std::string>, uint32_t> lanes_;
  std::deque<Place> places_;                            // sorted by seal()
  std::unordered_map<uint64_t, uint32_t> known_lanes_;  // by source and number of this run
};

}  // namespace sluice
