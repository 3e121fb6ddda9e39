// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/config.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/triage/mask.h"
#include "runtime/triage/selection.h"

namespace CLI {
class App;
}

namespace sluice::cli {

// What the commands of `sluice dlq` are given.
struct DlqOptions {
  std::string config;
  std::string state;
  std::vector<std::string> ids;
  std::vector<std::string> keys;
  std::vector<std::string> where;
  LetterFilter texts;  // tenant, pipeline, reason, source, stage, sink, group
  std::string since;
  std::string until;
  std::string id;  // of `show`
  uint64_t limit = 10;
  bool full = false;
  bool json = false;
};

void add_dlq_common(CLI::App& command, DlqOptions& options);
// Which letters; `one_by_one`: also by ids, keys and what their records hold.
void add_dlq_filter(CLI::App& command, DlqOptions& options, bool one_by_one);

// The state folder, and what the configuration says of it.
struct DlqPlace {
  std::filesystem::path state_dir;
  std::optional<Config> config;  // none: only the folder is known
};
Result<DlqPlace> find_dlq_place(const DlqOptions& options);
// False: a folder named on the command line, which is looked at itself, whatever a configuration
// says.
bool is_configured_place(const DlqPlace& place);
// The letters; for reading, beside a process that may run, or for whoever holds the folder.
Result<std::unique_ptr<DeadLetterStore>> open_dlq(const DlqPlace& place, bool read_only = true);
Result<triage::Selection> selection_of(const DlqOptions& options);

// Hides sensitive values of each pipeline's letters. Without a configuration nobody knows what they
// are: then the bodies are hidden whole.
class DlqMasks {
 public:
  explicit DlqMasks(const DlqPlace& place);
  void apply(DeadLetter& letter);

 private:
  std::map<std::string, triage::LetterMask> by_pipeline_;
  bool known_ = false;
};

// The user of this process, for the audit log.
std::string who_am_i();
// Notes in the audit log of the folder that somebody did this. `members`: JSON without braces.
Status note_dlq_action(const DlqPlace& place, const std::string& action,
                       const std::string& members);

void add_dlq_look_commands(CLI::App& dlq, int* exit_code);
void add_dlq_export_command(CLI::App& dlq, int* exit_code);
void add_dlq_redrive_command(CLI::App& dlq, int* exit_code);
void add_dlq_purge_command(CLI::App& dlq, int* exit_code);

}  // namespace sluice::cli
