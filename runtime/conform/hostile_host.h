// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/conform/guarded.h"
#include "runtime/conform/host_columns.h"

namespace sluice::conform {

// What outlives an instance: settled positions by lane name, and the cursor blob.
struct MarkStore {
  std::map<std::string, uint64_t> marks;
  std::optional<std::string> cursor;
};

enum class HostShape {
  kLong,   // one field more than the adapter knows, with a canary in it
  kShort,  // without its last field, an unreadable page behind it
  kOlder,  // exact size, abi minor 0
  kNewer,  // longer, abi minor one above ours
};

struct HostOptions {
  HostShape shape = HostShape::kLong;
  uint32_t first_lane = 40;  // lane ids count from here: no adapter may take them for indices
};

// The host struct one instance gets, and what stands behind it. Outlives the instance. Callbacks
// are thread-safe; the rest belongs to the thread that drives the instance.
class HostileHost {
 public:
  HostileHost(int32_t kind, MarkStore* marks, HostOptions options);
  HostileHost(const HostileHost&) = delete;
  HostileHost& operator=(const HostileHost&) = delete;

  [[nodiscard]] const sluice_host* raw() const;
  void request_stop() { stop_.request(); }
  // The call during which extension functions are legal; nullptr: none is under way.
  void in_call(const char* call) { call_ = call; }

  // Name of a lane opened in this run, or nullopt.
  [[nodiscard]] std::optional<std::string> lane_name(uint32_t id) const;
  [[nodiscard]] std::optional<uint32_t> lane_id(std::string_view name) const;
  // After a poll that handed over `records`: cursors set in it belong after them.
  void handed_over(size_t records);
  // The newest cursor that covers no more than the first `settled` records handed over.
  [[nodiscard]] std::optional<std::string> cursor_for(size_t settled) const;

  HostColumns& columns() { return columns_; }
  // What the adapter did that the contract forbids, in sentences.
  [[nodiscard]] std::vector<std::string> breaches() const SLUICE_EXCLUDES(mutex_);

 private:
  struct Callbacks;
  void breach(std::string what) SLUICE_EXCLUDES(mutex_);
  bool expect_call(const char* function, bool legal) SLUICE_EXCLUDES(mutex_);
  sluice_rc open_lane(sluice_str name, uint32_t* id, uint64_t* resume);

  int32_t kind_;
  MarkStore* marks_;
  HostOptions options_;
  GuardedBlock block_;
  StopSource stop_;
  const char* call_ = nullptr;
  std::vector<std::string> lanes_;                       // index + first_lane is the id
  std::vector<std::pair<size_t, std::string>> cursors_;  // records handed over before, blob
  std::optional<std::string> pending_cursor_;
  std::string cursor_out_;
  size_t handed_ = 0;
  HostColumns columns_;
  mutable Mutex mutex_;
  std::vector<std::string> breaches_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::conform
