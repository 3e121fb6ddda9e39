// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/conform/instance.h"

namespace sluice::conform {

// One record to write; nullopt is a record without a value (a tombstone).
using Value = std::optional<std::string>;

struct WrittenOutcome {
  sluice_verdict verdict = SLUICE_REC_UNSET;
  uint16_t reason = SLUICE_REASON_NONE;
  uint16_t flags = 0;
  std::string detail;
};

struct Written {
  Answer answer;
  std::vector<WrittenOutcome> outcomes;
};

// What becomes of the batch's memory when write has returned.
enum class AfterWrite {
  kOverwrite,  // filled with garbage
  kRevoke,     // unreadable
};

// What a marked write does to one mark.
struct Move {
  std::string lane;
  std::optional<uint64_t> expect;
  std::optional<uint64_t> set;
  std::string scope;
  uint32_t epoch = 0;
};

// Drives a sink through writes. One lane, positions rising over all writes.
class SinkDriver {
 public:
  SinkDriver(Subject& subject, HostOptions options = {}) : instance_(subject, nullptr, options) {}

  Instance& instance() { return instance_; }
  Status start(const std::string& config) { return instance_.start(config); }

  // Records step by a stride longer than the adapter knows; arrays and texts end at unreadable
  // pages. Writing outside of the outcomes, or to the batch, is an error.
  Result<Written> write(const std::vector<Value>& values,
                        AfterWrite after = AfterWrite::kOverwrite);
  [[nodiscard]] bool keeps_marks() { return marks_table() != nullptr; }
  // As write, through sluice.sink.marks/1.
  Result<Written> write_marked(const std::vector<Value>& values, const std::vector<Move>& moves);
  // What read_marks finds of a scope: "lane@epoch=position", sorted, with spaces between.
  Result<std::string> marks(const std::string& scope);
  Answer reset_marks(const std::string& scope, uint32_t epoch);
  Status close();

 private:
  using Call = std::function<sluice_rc(const sluice_batch*, sluice_outcome*, sluice_error*)>;
  Result<Written> call_write(const char* name, const std::vector<Value>& values, AfterWrite after,
                             const Call& call);
  const sluice_sink_marks* marks_table();

  Instance instance_;
  uint64_t position_ = 0;
  std::vector<std::vector<GuardedBlock>> past_;  // memory of past writes: stays where it was
};

// The component's declared reasons and the contract's verdicts: is this outcome one a host can act
// on? `index` names the record in the message.
Status check_outcome(const sluice_component& component, const WrittenOutcome& outcome,
                     size_t index);
// Every outcome after this answer, by the rules of write.
Status check_outcomes(const sluice_component& component, const Written& written);

}  // namespace sluice::conform
