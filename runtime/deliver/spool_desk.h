// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/record/batch.h"

namespace sluice {

// What a record is called beyond this run, and what a letter of it would say.
struct RecordNames {
  std::string source;
  std::string lane;
  std::string schema_version;
  std::string script_hash;
  std::string bundle_hash;
  std::string sinks;  // all that the record goes to, a comma between them
};

// What a sink's spool needs of its pipeline: names, and an account of what is inside. Any thread.
class SpoolDesk {
 public:
  virtual ~SpoolDesk() = default;
  [[nodiscard]] virtual uint32_t source_count() const = 0;
  // Of a source that is not configured any more: 0, so that its records are accounted for
  // somewhere.
  [[nodiscard]] virtual uint32_t source_number(std::string_view name) const = 0;
  [[nodiscard]] virtual std::string lane_name(uint32_t source, uint32_t lane) const = 0;
  // How far the lane was settled when this run began; nothing: no checkpoint knows it.
  [[nodiscard]] virtual std::optional<uint64_t> settled_before(uint32_t source,
                                                               std::string_view lane) const = 0;
  [[nodiscard]] virtual RecordNames names(const Batch& batch, uint32_t record) const = 0;
  // So many records of the source were inside when the spool was opened.
  virtual void recovered(uint32_t source, uint64_t records) = 0;
  // A record that stood in the account as held in this spool has left it.
  virtual void drained(uint32_t source, std::string_view lane, uint64_t position,
                       Outcome outcome) = 0;
};

}  // namespace sluice
