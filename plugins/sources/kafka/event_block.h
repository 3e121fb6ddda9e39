// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "plugins/common/kafka_handles.h"

namespace sluice::kafka_source {

// What the records of one batch lie in: the client's messages themselves, and the lists of their
// headers. Let go on whatever thread the batch is.
class EventBlock {
 public:
  explicit EventBlock(std::size_t room) { events_.reserve(room); }

  void keep(common::kafka::Event event) { events_.push_back(std::move(event)); }

  // Room for a list of headers; stays where it is.
  sluice_header* headers(std::size_t count) {
    constexpr std::size_t kChunk = 1024;
    if (count > room_) {
      room_ = std::max(count, kChunk);
      chunks_.push_back(std::make_unique<sluice_header[]>(room_));
      next_ = chunks_.back().get();
    }
    sluice_header* list = next_;
    next_ += count;
    room_ -= count;
    return list;
  }

 private:
  std::vector<common::kafka::Event> events_;
  std::vector<std::unique_ptr<sluice_header[]>> chunks_;
  sluice_header* next_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace sluice::kafka_source
