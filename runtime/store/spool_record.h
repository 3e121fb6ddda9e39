// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace sluice {

struct SpoolHeader {
  std::string_view name;
  std::string_view value;
};

// A record as a spool keeps it: what a write to the sink needs, and what a dead letter needs should
// the sink refuse it later. Views: whoever hands it out says how long they are good.
// "May be absent": data() == nullptr; an empty text is not absent.
struct SpoolRecord {
  // What names it for all time.
  std::string_view source;  // instance name
  std::string_view lane;    // durable name, not the number of a run
  uint64_t position = 0;
  uint32_t part = 0;
  // Of a record that came again on purpose: since which epoch of its source. 0: it came as ever.
  uint32_t epoch = 0;
  // What the sink is given.
  uint32_t flags = 0;      // SLUICE_RECORDF_*
  std::string_view value;  // rendered; may be absent (a tombstone)
  std::string_view key;    // may be absent
  std::vector<SpoolHeader> headers;
  int64_t event_time_us = 0;
  int64_t received_us = 0;
  // What a letter needs besides.
  std::string_view raw;      // the original bytes; may be absent. Kept as what differs from `value`
  std::string_view raw_key;  // the original key; may be absent. Kept once when equal to `key`
  std::string_view schema_version;
  std::string_view script_hash;
  std::string_view bundle_hash;
  std::string_view reason;  // of the last failure; empty when it was never tried
  std::string_view detail;
  uint32_t attempts = 0;
  uint32_t raw_flags = 0;  // SLUICE_RECORDF_* of the original
  std::string_view sinks;  // names of all that the record goes to, a comma between them
  // Of the run that appended it: in the pipeline's account this copy stands for the record.
  bool counted = false;
};

namespace store {

// Memory for texts that do not lie anywhere as a whole. What it gave stays where it is until
// clear(), which keeps some of the memory for the next.
class SpoolTexts {
 public:
  std::string_view join(std::string_view first, std::string_view second, std::string_view third);
  void clear();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  std::vector<Block> blocks_;
  size_t used_ = 0;  // of the last one
};

// Bytes on disk (`docs/formats.md`): numbers as varints, texts with their lengths, at the end a
// CRC-32 over `id` and all before it, so that neither an altered record nor one under another's
// number passes.
void encode_spool_record(uint64_t id, const SpoolRecord& record, std::string& out);

// Views into `bytes`, or into `texts`. kCorrupt, naming what is wrong, for anything that
// encode_spool_record() did not write; never reads outside, and needs no more memory than `bytes`
// has.
Status decode_spool_record(uint64_t id, std::string_view bytes, SpoolTexts& texts,
                           SpoolRecord& out);

// Of what stands before it, as decode_spool_record() wants it.
uint32_t spool_record_checksum(uint64_t id, std::string_view body);

// Of the encoding, exactly.
uint64_t spool_record_size(const SpoolRecord& record);

}  // namespace store
}  // namespace sluice
