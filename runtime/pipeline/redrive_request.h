// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/pipeline/redrive_batch.h"
#include "runtime/triage/selection.h"

namespace sluice {

// What somebody asks of a redrive.
struct RedriveRequest {
  // Redrives of a letter that failed again; more only with `force`.
  static constexpr uint32_t kMostRedrives = 3;

  triage::Selection selection;
  RedriveFrom from = RedriveFrom::kRaw;
  bool force = false;            // also letters that were redriven kMostRedrives times
  bool allow_overwrite = false;  // into sinks that let the later record win, whatever its age
  double rate = 0;               // letters a second; 0: as fast as it goes
  bool dry_run = false;
  std::string who;
};

// One JSON object and back: {selection, from, force, allow_overwrite, rate, dry_run, who}; what is
// missing has its default. kInvalid: not such an object.
std::string redrive_request_json(const RedriveRequest& request);
Result<RedriveRequest> read_redrive_request(std::string_view json);

// {id, state, who, pipeline, created_at, updated_at, chosen, left, committed, duplicate, filtered,
// failed, gone, reasons, request}
std::string redrive_plan_json(const RedrivePlan& plan);

}  // namespace sluice
