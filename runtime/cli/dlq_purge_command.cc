// SPDX-License-Identifier: Apache-2.0
// sluice dlq purge: removes letters for good.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/cli/dlq_process.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/pipeline/redrive_request.h"
#include "runtime/store/state_dir.h"
#include "runtime/triage/purge.h"

namespace sluice::cli {
namespace {

struct PurgeOptions {
  DlqOptions dlq;
  std::string older_than;
  bool yes = false;
};

// "30" is days.
Result<int64_t> older_than(const std::string& text, int64_t now_us) {
  const bool days = text.find_first_not_of("0123456789") == std::string::npos;
  auto age = parse_duration(days ? text + "d" : text);
  if (!age) return std::move(age).status().with_context("--older-than");
  return now_us - age->count() * 1000;
}

bool is_in_topic(const DlqPlace& place) {
  return is_configured_place(place) &&
         names_dead_letter_topic(place.config->runtime.dead_letters_dsn);
}

// Yes only by somebody who saw how many it is.
bool confirmed(uint64_t letters, bool of_topic) {
  write_text(STDERR_FILENO, "Remove " + with_thousands(letters) +
                                (letters == 1 ? " dead letter" : " dead letters") +
                                (of_topic ? " for good? Records that no letter needs any more are "
                                            "deleted from the topic, for all its readers."
                                          : " for good?") +
                                " Type yes: ");
  std::string answer;
  return std::getline(std::cin, answer) && answer == "yes";
}

Result<uint64_t> purge_here(const DlqPlace& place, const triage::Selection& selection) {
  // The lock keeps a process from starting meanwhile; one that runs has been asked before.
  SLUICE_ASSIGN_OR_RETURN(const StateDir lock, StateDir::acquire(place.state_dir));
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_dlq(place, /*read_only=*/false));
  SLUICE_ASSIGN_OR_RETURN(const uint64_t purged,
                          triage::purge(*store, selection, Clock::real().wall_us()));
  SLUICE_RETURN_IF_ERROR(note_dlq_action(place, "purge",
                                         "\"selection\":" + triage::selection_json(selection) +
                                             ",\"letters\":" + std::to_string(purged)));
  return purged;
}

Result<uint64_t> purge_there(const std::string& address, const triage::Selection& selection) {
  RedriveRequest request;
  request.selection = selection;
  request.who = who_am_i();
  SLUICE_ASSIGN_OR_RETURN(const AdminAnswer answer,
                          admin_post(address, "/admin/dlq/purge", redrive_request_json(request)));
  if (answer.status != 200) return refusal_of(answer);
  uint64_t purged = 0;
  for (const char c : answer.body) {
    if (c >= '0' && c <= '9') purged = purged * 10 + static_cast<uint64_t>(c - '0');
  }
  return purged;
}

int purge_letters(const PurgeOptions& options) {
  const auto place = find_dlq_place(options.dlq);
  if (!place) return report(place.status());
  auto selection = selection_of(options.dlq);
  if (!selection) return report(selection.status());
  const int64_t now_us = Clock::real().wall_us();
  if (!options.older_than.empty()) {
    const auto until = older_than(options.older_than, now_us);
    if (!until) return report(until.status());
    selection->filter.until_us = *until;
  }
  uint64_t letters = 0;
  {
    const auto store = open_dlq(*place);
    if (!store) return report(store.status());
    if (Status ids = triage::complete_ids(**store, selection->filter); !ids) return report(ids);
    const auto counted = triage::count_selected(**store, *selection, now_us);
    if (!counted) return report(counted.status());
    letters = *counted;
  }
  if (letters != 0 && !options.yes && !confirmed(letters, is_in_topic(*place))) {
    write_text(STDERR_FILENO, "nothing was removed\n");
    return kExitNo;
  }
  const auto address = find_dlq_process(*place);
  const auto purged = address ? purge_there(*address, *selection) : purge_here(*place, *selection);
  if (!purged) return report(purged.status());
  write_text(STDOUT_FILENO, options.dlq.json
                                ? "{\"purged\":" + std::to_string(*purged) + "}\n"
                                : with_thousands(*purged) +
                                      (*purged == 1 ? " dead letter" : " dead letters") +
                                      " removed\n");
  return kExitOk;
}

}  // namespace

void add_dlq_purge_command(CLI::App& dlq, int* exit_code) {
  auto options = std::make_shared<PurgeOptions>();
  auto* command = dlq.add_subcommand("purge", "Remove letters for good; asks first");
  add_dlq_common(*command, options->dlq);
  add_dlq_filter(*command, options->dlq, true);
  command->add_option("--older-than", options->older_than,
                      "Only what failed last before so many days (30), or a duration (12h)");
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  command->footer(
      "The audit log keeps who removed what. Letters older than dead_letters.keep go by "
      "themselves. In a topic the records that no letter needs any more are deleted, for all its\n"
      "readers.\n"
      "Examples:\n"
      "  sluice dlq purge --older-than 7 --reason OLDER_REVISION\n"
      "  sluice dlq purge --group 3f2a91bc0d4e --yes --json\n"
      "Exit codes: 0 done, 1 nothing was removed because the answer was not yes, 2 usage, 3 the\n"
      "state folder could not be used.");
  command->callback([options, exit_code] { *exit_code = purge_letters(*options); });
}

}  // namespace sluice::cli
