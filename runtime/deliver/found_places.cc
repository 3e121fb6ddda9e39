// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/found_places.h"

#include <algorithm>

namespace sluice {

void FoundPlaces::seal() { std::sort(places_.begin(), places_.end()); }

bool FoundPlaces::holds(const Delivery& delivery, const LaneName& name_of) {
  if (places_.empty()) return false;
  const uint32_t source = delivery.batch->source;
  const uint64_t number = (static_cast<uint64_t>(source) << 32) | delivery.lane();
  auto known = known_lanes_.find(number);
  if (known == known_lanes_.end()) {
    const auto found = lanes_.find({source, name_of(source, delivery.lane())});
    known = known_lanes_.emplace(number, found == lanes_.end() ? kNoLane : found->second).first;
  }
  if (known->second == kNoLane) return false;
  const Place least{known->second, delivery.record().position, delivery.part->part,
                    delivery.batch->again(delivery.part->record)};
  const auto at = std::lower_bound(places_.begin(), places_.end(), least);
  return at != places_.end() && at->lane == least.lane && at->position == least.position &&
         at->part == least.part;
}

}  // namespace sluice
