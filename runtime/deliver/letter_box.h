// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "runtime/deliver/letter_receipt.h"
#include "runtime/record/batch.h"

namespace sluice {

// A record to be written to the dead-letter store. Stands for one obligation of the record's
// segment, met once the letter is durable.
struct LetterRequest {
  BatchPtr batch;
  uint32_t record = 0;
  uint32_t part = 0;
  std::string stage;   // "parse", "validate", "lift", "transform", "output", "deliver"
  std::string sink;    // stage deliver
  std::string reason;  // reason code of the runtime
  std::string detail;
  std::string pointer;                      // JSON Pointer into the record, when known
  std::string rendered;                     // stage deliver: what the sink was given
  std::optional<std::string> rendered_key;  // stage deliver: its key, if that is not the record's
  uint32_t attempts = 1;
  bool passing = false;                    // stage deliver: the sink may take it at another time
  bool waits = false;                      // in a retry topic instead, says whoever posts it
  std::shared_ptr<LetterReceipt> receipt;  // told when the letter is durable; may be null
};

// Parts of a batch, one behind the other in parts(), that a sink has durably.
struct DeliveredParts {
  BatchPtr batch;
  uint32_t first = 0;
  uint32_t count = 0;
  uint16_t sink = 0;  // number in its pipeline
};

// Where failures go; the ledger implements it. Any thread; never blocks for long: what waits inside
// is bounded by the pipeline's byte budget, since a letter keeps its batch.
class LetterBox {
 public:
  virtual ~LetterBox() = default;
  virtual void post(LetterRequest request) = 0;
  // A sink has taken these parts; said before the obligations for them are met, by drivers that are
  // asked to (SinkDriver::Options::report_deliveries).
  virtual void delivered(std::span<const DeliveredParts> /*parts*/) {}
  // The sink will not be given this part: its lane has left this process. Said before the
  // obligation for it, if there is one, is met.
  virtual void given_back(const BatchPtr& /*batch*/, const Part& /*part*/, uint16_t /*sink*/) {}
};

}  // namespace sluice
