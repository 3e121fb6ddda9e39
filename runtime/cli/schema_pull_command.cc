// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "runtime/cli/exit_code.h"
#include "runtime/cli/schema_command.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/load.h"
#include "runtime/schema/registry/pull.h"

namespace sluice::cli {
namespace {

using registry::Pulled;

struct PullArguments {
  std::string config;
  std::string pipeline;
  std::string subject;
  bool write = false;
};

// The pipeline that is meant: the one that was named, or the only one with a registry.
Result<const PipelineConfig*> pipeline_of(const Config& config, const std::string& name) {
  std::vector<const PipelineConfig*> found;
  for (const PipelineConfig& pipeline : config.pipelines) {
    if (!name.empty() && pipeline.name != name) continue;
    if (pipeline.schema && pipeline.schema->version.registry) found.push_back(&pipeline);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return invalid(config.file.string() + ": " +
                   (name.empty() ? "no pipeline" : "there is no pipeline '" + name + "'") +
                   " with schema.version.confluent.registry");
  }
  return invalid(config.file.string() +
                 ": several pipelines ask a registry; name one: --pipeline " + found.front()->name);
}

std::string line_of(const Pulled& pulled) {
  std::string out =
      "version " + std::to_string(pulled.version) + " (id " + std::to_string(pulled.id) + "): ";
  const std::string file = pulled.file.filename().string();
  switch (pulled.what) {
    case Pulled::What::kThere:
      return out + "is " + file + "\n";
    case Pulled::What::kNew:
      return out + "new, " + file + "\n";
    case Pulled::What::kOtherType:
      return out + "passed over: of type " + pulled.type + "\n";
    case Pulled::What::kUnusable:
      return out + "passed over: not JSON, or too large\n";
  }
  return out;
}

// What is still to be done by hand.
std::string lifts_text(const std::vector<Pulled>& plan, const SchemaConfig& schema) {
  std::string out;
  for (const Pulled& pulled : plan) {
    const std::string name = pulled.file.filename().string();
    const unsigned long number =
        pulled.what == Pulled::What::kNew ? std::stoul(name.substr(0, name.find('.'))) : 0;
    if (number < 2) continue;
    const std::string before = std::to_string(number - 1);
    out += "the lift: sluice schema diff " + (schema.path / (before + ".schema.json")).string() +
           " " + pulled.file.string() + " --scaffold " +
           (schema.lifts / (before + "_to_" + std::to_string(number) + ".lua")).string() + "\n";
  }
  return out;
}

int run_pull(const PullArguments& arguments) {
  const Environment env = Environment::of_process();
  const auto file = find_config_file(arguments.config, env);
  if (!file) return report(file.status());
  const auto config = load_config(*file, env);
  if (!config) return report(config.status());
  const auto pipeline = pipeline_of(*config, arguments.pipeline);
  if (!pipeline) return report(pipeline.status());
  const SchemaConfig& schema = *(*pipeline)->schema;
  const RegistryConfig& asked = *schema.version.registry;
  const std::string subject = arguments.subject.empty() ? asked.subject : arguments.subject;
  if (subject.empty()) return report(invalid("which subject? Give --subject, or `subject`"));
  auto client = registry::RegistryClient::create(asked, nullptr);
  if (!client) return report(client.status());
  const auto plan = registry::plan_pull(**client, subject, schema.path);
  if (!plan) return report(plan.status());
  std::string out;
  for (const Pulled& pulled : *plan) out += line_of(pulled);
  const bool news = std::any_of(plan->begin(), plan->end(), [](const Pulled& pulled) {
    return pulled.what == Pulled::What::kNew;
  });
  if (news && arguments.write) {
    if (const Status written = registry::write_pulled(*plan); !written) return report(written);
    std::error_code ignored;  // who writes the lifts is told if their folder cannot be made
    std::filesystem::create_directories(schema.lifts, ignored);
    out += "written to " + schema.path.string() + "\n" + lifts_text(*plan, schema);
  } else if (news) {
    out += "nothing was written; --write does it\n";
  }
  write_text(STDOUT_FILENO, out);
  return kExitOk;
}

}  // namespace

void add_schema_pull_command(CLI::App& schema, int* exit_code) {
  auto* command =
      schema.add_subcommand("pull", "Bring the versions of a registry's subject into a lineage");
  auto arguments = std::make_shared<PullArguments>();
  command->add_option("-c,--config", arguments->config, "Configuration file");
  command->add_option("--pipeline", arguments->pipeline, "Whose lineage and registry");
  command->add_option("--subject", arguments->subject, "Subject (instead of the configuration's)");
  command->add_flag("--write", arguments->write, "Write the files; without it they are only shown");
  command->footer(
      "Examples:\n"
      "  sluice schema pull --subject orders-value\n"
      "  sluice schema pull --pipeline orders --write\n"
      "Exit codes: 0 done, 2 configuration or no such subject, 3 the registry does not answer.");
  command->callback([arguments, exit_code] { *exit_code = run_pull(*arguments); });
}

}  // namespace sluice::cli
