// SPDX-License-Identifier: Apache-2.0
// sluice transform rollback: the version before runs again, in a process that runs.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "runtime/cli/admin_answer.h"
#include "runtime/cli/admin_client.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/cli/transform_command.h"
#include "runtime/config/load.h"
#include "runtime/record/document.h"

namespace sluice::cli {
namespace {

constexpr size_t kShownHash = 12;

struct Options {
  std::string config;
  std::string pipeline;
  bool json = false;
};

// "orders: 1f2e... runs again in place of 9a8b..." for each pipeline of the answer.
std::string told(const std::string& body) {
  Document document;
  if (!document.parse(body, {1U << 20, 16})) return body;
  const NodeIndex all = document.find(Document::root(), "pipelines");
  if (all == kNoNode || document.kind(all) != JsonKind::kObject) return body;
  std::string out;
  for (NodeIndex name = all + 1; name < document.next(all); name = document.next(name + 1)) {
    AnswerReader change(document, name + 1);
    const std::string candidate = change.text("candidate");
    const std::string previous = candidate.empty() ? change.text("previous") : candidate;
    out += std::string(document.slice(name)) + ": bundle " +
           change.text("hash").substr(0, kShownHash) + " runs again, in place of " +
           previous.substr(0, kShownHash) + "\n";
  }
  return out;
}

int refused(const AdminAnswer& answer) {
  Document document;
  std::string why = answer.body;
  if (document.parse(answer.body, {1U << 20, 16})) {
    why = AnswerReader(document, Document::root()).text("detail");
  }
  report(invalid(why));
  if (answer.status == 409) return kExitNo;
  return answer.status == 503 ? kExitUnavailable : kExitUsage;
}

int roll_back(const Options& options) {
  const Environment env = Environment::of_process();
  const auto file = find_config_file(options.config, env);
  if (!file) return report(file.status());
  const auto config = load_config(*file, env);
  if (!config) return report(config.status());
  const std::string address = admin_address(*config);
  if (address.empty()) {
    return report(
        unavailable("where the running process answers is not known: set "
                    "runtime.admin.listen to a port, or $SLUICE_ADMIN_URL"));
  }
  const std::string query = options.pipeline.empty() ? "" : "?pipeline=" + options.pipeline;
  const auto answer = admin_post(address, "/admin/transformers/rollback" + query);
  if (!answer) return report(answer.status());
  if (answer->status != 200) return refused(*answer);
  write_text(STDOUT_FILENO, options.json ? answer->body : told(answer->body));
  return kExitOk;
}

}  // namespace

void add_transform_rollback_command(CLI::App& transform, int* exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = transform.add_subcommand(
      "rollback", "Let the version before run again, in the running process");
  command->add_option("-c,--config", options->config, "Configuration file");
  command->add_option("--pipeline", options->pipeline, "Of this pipeline (needed with several)")
      ->check([](const std::string& name) {
        const bool plain =
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
        return plain ? std::string() : "not the name of a pipeline";
      });
  command->add_flag("--json", options->json, "Print the answer as JSON");
  command->footer(
      "The files stay as they are and are not taken over again before they change, or a reload is\n"
      "asked for. Once more goes back one version more. A rollout that is going on is ended.\n"
      "Examples:\n"
      "  sluice transform rollback\n"
      "  sluice transform rollback --pipeline orders --json\n"
      "Exit codes: 0 done, 1 there is no earlier version, 2 usage, 3 nobody answers.");
  command->callback([options, exit_code] { *exit_code = roll_back(*options); });
}

}  // namespace sluice::cli
