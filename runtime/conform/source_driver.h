// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/conform/instance.h"

namespace sluice::conform {

struct SeenRecord {
  std::string lane;
  uint64_t position = 0;
  std::string key;
  std::string value;
  bool operator==(const SeenRecord&) const = default;
};

// A source's batch as the host holds it: the struct was moved to another address after the poll.
struct HeldBatch {
  sluice_batch batch{};
  std::vector<SeenRecord> seen;  // a copy of what it held then
  bool released = false;
};

struct Polled {
  Answer answer;
  HeldBatch* batch = nullptr;  // with SLUICE_OK; owned by the driver
};

// Drives a source through polls. Single-threaded apart from release.
class SourceDriver {
 public:
  SourceDriver(Subject& subject, MarkStore* marks, HostOptions options = {})
      : instance_(subject, marks, options) {}
  SourceDriver(const SourceDriver&) = delete;
  SourceDriver& operator=(const SourceDriver&) = delete;
  ~SourceDriver();  // releases what is held, then destroys

  Instance& instance() { return instance_; }
  Status start(const std::string& config) { return instance_.start(config); }

  // The answer of any code but OK with something left in the batch is an error, as are records of
  // lanes that were never opened and a stride that cannot be.
  Result<Polled> poll(uint32_t max_records, uint64_t max_bytes, uint32_t timeout_ms);
  void release(HeldBatch& held);  // any thread
  void release_all();
  // Reads a batch anew.
  [[nodiscard]] Result<std::vector<SeenRecord>> read(const sluice_batch& batch) const;

  // Polls until END, until nothing comes any more or `limit` records; releases each batch at once.
  // Failed calls are errors.
  struct Collected {
    std::vector<SeenRecord> records;
    bool ended = false;  // END
    bool idle = false;   // nothing came any more
  };
  Result<Collected> collect(size_t limit, uint32_t per_poll = 3);

  // `marks` lie in memory that is unreadable afterwards.
  Answer ack(const std::vector<sluice_mark>& marks);
  Status close();

  [[nodiscard]] const std::vector<std::unique_ptr<HeldBatch>>& held() const { return held_; }

 private:
  Instance instance_;
  std::vector<std::unique_ptr<HeldBatch>> held_;
};

// By lane, in the order they came.
using ByLane = std::map<std::string, std::vector<SeenRecord>>;
ByLane by_lane(const std::vector<SeenRecord>& records);

// How many records a check asks an endless source for.
inline constexpr size_t kEnoughRecords = 200;

}  // namespace sluice::conform
