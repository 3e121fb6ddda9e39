// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/deliver/sink_driver.h"

namespace sluice {

// One sink of a pipeline: as many drivers as it has writers, each with an instance of its own. A
// lane belongs to one of them, by the hash of its name, so its order is kept; a spool, too. Every
// driver is given every batch and takes what is of its lanes. The functions are those of
// SinkDriver, over all.
class SinkBranch {
 public:
  // Makes the options of a writer, counted from 0; called `writers` times.
  using MakeOptions = std::function<Result<SinkDriver::Options>(uint32_t writer)>;

  static Result<std::unique_ptr<SinkBranch>> create(const ComponentRef& component, uint32_t writers,
                                                    const MakeOptions& options,
                                                    const SinkDriver::LaneName& lane_name,
                                                    LetterBox& letters, const Clock& clock);

  Status recover();
  void start();
  std::optional<Status> first_open(std::chrono::steady_clock::time_point deadline);
  void enqueue(const BatchPtr& batch);
  void lanes_left();
  void look_at_marks(std::chrono::steady_clock::time_point deadline);
  void finish();
  void stop();
  void join();

  // The sink as a whole: its state is that of its worst writer, what is counted is added up.
  [[nodiscard]] SinkStatus status() const;
  [[nodiscard]] const SinkConfig& config() const { return drivers_.front()->config(); }
  [[nodiscard]] bool spool_empty() const;
  [[nodiscard]] bool obliged(const Part& part) const { return drivers_.front()->obliged(part); }
  [[nodiscard]] bool keeps_marks() const { return drivers_.front()->keeps_marks(); }
  [[nodiscard]] std::optional<uint64_t> stored_mark(uint32_t source,
                                                    const std::string& lane) const {
    return driver_of(lane).stored_mark(source, lane);
  }
  void forget_lane(uint32_t source, const std::string& lane) {
    driver_of(lane).forget_lane(source, lane);
  }

 private:
  SinkBranch() = default;
  [[nodiscard]] SinkDriver& driver_of(const std::string& lane) const {
    return *drivers_[SinkDriver::writer_of(lane, drivers_.size())];
  }

  std::vector<std::unique_ptr<SinkDriver>> drivers_;  // never empty
};

}  // namespace sluice
