// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/config/config.h"
#include "runtime/deliver/letter_box.h"
#include "runtime/record/batch.h"
#include "runtime/store/dead_letter_store.h"

namespace sluice {

// Where a redriven record enters.
enum class RedriveFrom {
  kRaw,        // everything anew
  kTransform,  // parsed and lifted; the input schema is passed over
  kSink,       // what the sink was given before, to that sink alone
};
std::string_view redrive_from_name(RedriveFrom from);

// The letters behind the records of a batch: what makes it a redriven one. Such a batch has no lane
// of a source and no mark: its records are settled by removing or updating their letters. Until
// then the letters stay as they were, so that a crash redrives them once more and loses nothing.
//
// The batch's parts lie in the letters' memory. Failures come from any thread, everything else from
// whoever owns the batch.
struct RedriveBatch {
  uint64_t redrive = 0;
  RedriveFrom from = RedriveFrom::kRaw;
  bool from_topic = false;          // of retries: they are no dead letters
  std::vector<DeadLetter> letters;  // by record
  // Told how many more letters are settled, durably; on the settler's thread.
  std::function<void(uint64_t letters)> settled;

  // The records as a source would have given them. Call once, when the letters are all there.
  sluice_batch records();
  // A part or record of the batch failed. Any thread.
  void fail(LetterRequest request) SLUICE_EXCLUDES(mutex_);
  // The failures of one record so far.
  [[nodiscard]] std::vector<LetterRequest> failures(uint32_t record) const SLUICE_EXCLUDES(mutex_);

 private:
  std::vector<sluice_record> records_;
  std::vector<sluice_header> headers_;
  mutable Mutex mutex_;
  std::map<uint32_t, std::vector<LetterRequest>> failures_ SLUICE_GUARDED_BY(mutex_);
};

// Parts of one record, which lie beside each other.
std::span<const Part> parts_of(const Batch& batch, uint32_t record);
// Names of the sinks that parts of a record go to.
std::vector<std::string> sinks_of(std::span<const Part> parts,
                                  const std::vector<SinkConfig>& sinks);

// Of a record that some sinks have already, only the parts for the others stay; `letters` gets a
// failure for a record whose sink is not there any more. Records of which nothing is left are noted
// as duplicates.
void narrow_parts(Batch& batch, const std::vector<SinkConfig>& sinks,
                  std::vector<LetterRequest>& letters);
// RedriveFrom::kSink: the parts are what the sinks were given before.
void stored_parts(Batch& batch, const std::vector<SinkConfig>& sinks,
                  std::vector<LetterRequest>& letters);

}  // namespace sluice
