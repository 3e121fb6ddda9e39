// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/cli/admin_client.h"
#include "runtime/cli/dlq_options.h"
#include "runtime/pipeline/redrive_dry_run.h"

namespace sluice::cli {

// Where the process answers that holds this state folder; nothing: none does, or it has no admin
// API.
std::optional<std::string> find_dlq_process(const DlqPlace& place);

// What an answer that is not 200 says, as a failure of the command.
Status refusal_of(const AdminAnswer& answer);

// A redrive as the admin API tells of it.
struct RedriveSeen {
  uint64_t id = 0;
  std::string state;
  RedrivePlan plan;
  std::string json;  // of the plan
};
// Out of {"redrive": {...}}.
Result<RedriveSeen> read_redrive(const std::string& body);

// The report of a dry run.
Result<DryRunReport> read_dry_run(const std::string& body);

}  // namespace sluice::cli
