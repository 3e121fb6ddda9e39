// SPDX-License-Identifier: Apache-2.0
// sluice spool show | verify | salvage
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/load.h"
#include "runtime/store/spool_check.h"

namespace sluice::cli {
namespace {

struct SpoolCommandOptions {
  std::string config;
  std::string state;
  std::string sink;
  bool lanes = false;
  bool json = false;
};

struct Chosen {
  std::filesystem::path state;
  std::vector<std::string> sinks;
};

Result<Chosen> choose(const SpoolCommandOptions& options) {
  Chosen out;
  if (options.state.empty()) {
    const Environment env = Environment::of_process();
    SLUICE_ASSIGN_OR_RETURN(const auto file, find_config_file(options.config, env));
    SLUICE_ASSIGN_OR_RETURN(const Config config, load_config(file, env));
    out.state = config.runtime.state_dir;
  } else {
    out.state = options.state;
  }
  out.sinks = spools_in(out.state);
  if (options.sink.empty()) return out;
  if (std::find(out.sinks.begin(), out.sinks.end(), options.sink) == out.sinks.end()) {
    std::string message =
        "the sink " + options.sink + " has no spool in " + out.state.string() + "; ";
    message += out.sinks.empty() ? "no sink has one" : "those that have: ";
    for (const std::string& sink : out.sinks) {
      message += sink + (&sink == &out.sinks.back() ? "" : ", ");
    }
    return not_found(message);
  }
  out.sinks = {options.sink};
  return out;
}

void say_none(const SpoolCommandOptions& options, const Chosen& chosen) {
  write_text(STDOUT_FILENO, options.json
                                ? "{\"spools\":[]}\n"
                                : "no sink has a spool in " + chosen.state.string() + "\n");
}

std::string number_member(std::string_view name, uint64_t value) {
  return ",\"" + std::string(name) + "\":" + std::to_string(value);
}

std::string json_begin(const std::string& sink) {
  std::string out = "{\"sink\":";
  append_json_string(out, sink);
  return out;
}

std::string look_json(const std::string& sink, const SpoolLook& look) {
  std::string out = json_begin(sink) + number_member("records", look.stats.records) +
                    number_member("bytes", look.stats.bytes) +
                    number_member("disk_bytes", look.stats.disk_bytes) +
                    number_member("damaged", look.stats.damaged) +
                    number_member("set_aside", look.set_aside) + ",\"oldest\":";
  out += look.stats.oldest_us == 0 ? "null" : '"' + format_time_us(look.stats.oldest_us) + '"';
  out += ",\"lanes\":[";
  for (const SpoolLane& lane : look.lanes) {
    if (out.back() != '[') out += ',';
    out += "{\"source\":";
    append_json_string(out, lane.source);
    out += ",\"lane\":";
    append_json_string(out, lane.lane);
    out += number_member("records", lane.records) + number_member("bytes", lane.bytes) +
           number_member("last_position", lane.last_position) + "}";
  }
  return out + "]}";
}

using Table = std::vector<std::vector<std::string>>;

int show(const SpoolCommandOptions& options) {
  const auto chosen = choose(options);
  if (!chosen) return report(chosen.status());
  if (chosen->sinks.empty()) {
    say_none(options, *chosen);
    return kExitOk;
  }
  std::string json;
  Table spools{{"sink", "records", "bytes", "on disk", "lanes", "oldest", "damaged", "set aside"}};
  Table lanes{{"sink", "source", "lane", "records", "bytes", "last position"}};
  for (const std::string& sink : chosen->sinks) {
    const auto look = look_into_spool(chosen->state, sink);
    if (!look) return report(look.status());
    const SpoolStats& stats = look->stats;
    json += (json.empty() ? "" : ",") + look_json(sink, *look);
    spools.push_back({on_one_line(sink), with_thousands(stats.records), format_size(stats.bytes),
                      format_size(stats.disk_bytes), with_thousands(stats.lanes),
                      stats.oldest_us == 0 ? "-" : format_time_us(stats.oldest_us),
                      with_thousands(stats.damaged), with_thousands(look->set_aside)});
    for (const SpoolLane& lane : look->lanes) {
      lanes.push_back({on_one_line(sink), on_one_line(lane.source), on_one_line(lane.lane),
                       with_thousands(lane.records), format_size(lane.bytes),
                       std::to_string(lane.last_position)});
    }
  }
  if (options.json) {
    write_text(STDOUT_FILENO, "{\"spools\":[" + json + "]}\n");
  } else {
    write_text(STDOUT_FILENO,
               format_table(spools) + (options.lanes ? "\n" + format_table(lanes) : ""));
  }
  return kExitOk;
}

std::string verdict_json(const std::string& sink, const SpoolVerdict& verdict) {
  std::string out = json_begin(sink) + ",\"whole\":" + (verdict.whole() ? "true" : "false") +
                    number_member("records", verdict.records) +
                    number_member("bytes", verdict.bytes) +
                    number_member("damaged", verdict.damaged) +
                    number_member("problems", verdict.problems) + ",\"what\":[";
  for (const std::string& what : verdict.what) {
    if (out.back() != '[') out += ',';
    append_json_string(out, what);
  }
  return out + "]}";
}

std::string verdict_text(const std::string& sink, const SpoolVerdict& verdict) {
  std::string out = on_one_line(sink) + ": " + with_thousands(verdict.records) +
                    " records are whole, " + format_size(verdict.bytes) + " read";
  if (verdict.damaged > 0) {
    out += "; " + with_thousands(verdict.damaged) +
           " were set aside earlier (`sluice spool salvage` moves them out)";
  }
  if (verdict.whole()) return out + "\n";
  out += "\n" + on_one_line(sink) + ": " + with_thousands(verdict.problems) +
         (verdict.problems == 1 ? " problem:\n" : " problems:\n");
  for (const std::string& what : verdict.what) out += "  " + on_one_line(what) + "\n";
  if (verdict.problems > verdict.what.size()) {
    out += "  and " + with_thousands(verdict.problems - verdict.what.size()) + " more\n";
  }
  return out + "  to save the rest: sluice spool salvage --sink " + on_one_line(sink) + "\n";
}

int verify(const SpoolCommandOptions& options) {
  const auto chosen = choose(options);
  if (!chosen) return report(chosen.status());
  if (chosen->sinks.empty()) {
    say_none(options, *chosen);
    return kExitOk;
  }
  std::string json;
  bool whole = true;
  for (const std::string& sink : chosen->sinks) {
    const auto verdict = verify_spool(chosen->state, sink);
    if (!verdict) return report(verdict.status());
    whole &= verdict->whole();
    json += (json.empty() ? "" : ",") + verdict_json(sink, *verdict);
    if (!options.json) write_text(STDOUT_FILENO, verdict_text(sink, *verdict));
  }
  if (options.json) write_text(STDOUT_FILENO, "{\"spools\":[" + json + "]}\n");
  return whole ? kExitOk : kExitNo;
}

std::string salvage_json(const std::string& sink, const SpoolSalvage& done) {
  std::string out = json_begin(sink) + ",\"changed\":" + (done.changed ? "true" : "false") +
                    number_member("saved", done.saved) + number_member("damaged", done.damaged) +
                    number_member("lost", done.lost) + ",\"set_aside\":";
  if (done.changed) {
    append_json_string(out, done.to.string());
  } else {
    out += "null";
  }
  return out + "}";
}

std::string salvage_text(const std::string& sink, const SpoolSalvage& done) {
  if (!done.changed) {
    return on_one_line(sink) + ": whole, with " + with_thousands(done.saved) +
           " records; nothing was changed\n";
  }
  return on_one_line(sink) + ": " + with_thousands(done.saved) + " records saved, " +
         with_thousands(done.damaged) + " damaged, " + with_thousands(done.lost) +
         " lost; what was found before lies in " + on_one_line(done.to.string()) +
         " with a list of both\n";
}

int salvage(const SpoolCommandOptions& options) {
  const auto chosen = choose(options);
  if (!chosen) return report(chosen.status());
  if (chosen->sinks.empty()) {
    say_none(options, *chosen);
    return kExitOk;
  }
  // Held to the end: no process may open a spool that is being made anew.
  const auto state = StateDir::acquire(chosen->state);
  if (!state) return report(state.status());
  std::string json;
  bool all = true;
  for (const std::string& sink : chosen->sinks) {
    const auto done = salvage_spool(*state, sink, Clock::real());
    if (!done) return report(done.status());
    all &= done->damaged == 0 && done->lost == 0;
    json += (json.empty() ? "" : ",") + salvage_json(sink, *done);
    if (!options.json) write_text(STDOUT_FILENO, salvage_text(sink, *done));
  }
  if (options.json) write_text(STDOUT_FILENO, "{\"spools\":[" + json + "]}\n");
  return all ? kExitOk : kExitNo;
}

using Command = int (*)(const SpoolCommandOptions&);

CLI::App* add_one(CLI::App& parent, const std::string& name, const std::string& summary,
                  const std::string& more, const std::shared_ptr<SpoolCommandOptions>& options,
                  Command run, int* exit_code) {
  CLI::App* command = parent.add_subcommand(name, summary);
  command->footer(more);
  command->add_option("-c,--config", options->config, "Configuration file");
  command->add_option("--state", options->state, "State folder (instead of the configuration's)");
  command->add_option("--sink", options->sink, "Only the spool of this sink (all)");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options, run, exit_code] { *exit_code = run(*options); });
  return command;
}

}  // namespace

void add_spool_commands(CLI::App& app, int* exit_code) {
  auto* spool = app.add_subcommand(
      "spool", "Look after what waits on disk for a sink that could not take it");
  spool->require_subcommand(1);
  spool->footer(
      "Examples:\n"
      "  sluice spool show\n"
      "  sluice spool verify --sink pg\n"
      "  sluice spool salvage --sink pg");
  const auto options = std::make_shared<SpoolCommandOptions>();
  CLI::App* shown = add_one(*spool, "show", "What waits, by sink",
                            "Works beside a running process and without one; changes nothing.\n"
                            "Examples:\n"
                            "  sluice spool show --lanes\n"
                            "  sluice spool show --sink pg --json",
                            options, &show, exit_code);
  shown->add_flag("--lanes", options->lanes, "By lane as well");
  add_one(*spool, "verify", "Read every record and compare its checksum",
          "Works beside a running process and without one; changes nothing.\n"
          "Exit code: 0 all is whole, 1 something is damaged, 3 it cannot be read now.\n"
          "Examples:\n"
          "  sluice spool verify\n"
          "  sluice spool verify --sink pg --json",
          options, &verify, exit_code);
  add_one(*spool, "salvage", "Set what is damaged aside and save the rest",
          "The runtime must be stopped. Nothing is deleted: the files as they were found and a\n"
          "list of what is damaged or lost go to `spool/<sink>/damaged/<time>` in the state\n"
          "folder. Needs as much free disk as the spool takes; may be stopped and run again.\n"
          "Exit code: 0 all was saved or was whole, 1 records are damaged or lost,\n"
          "3 a process has the state folder, or it cannot be written.\n"
          "Examples:\n"
          "  sluice spool salvage --sink pg",
          options, &salvage, exit_code);
}

}  // namespace sluice::cli
