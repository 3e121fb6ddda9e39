// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/dlq_options.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>

#include "runtime/base/clock.h"
#include "runtime/config/load.h"
#include "runtime/store/audit_log.h"
#include "runtime/triage/letter_report.h"

namespace sluice::cli {

void add_dlq_common(CLI::App& command, DlqOptions& options) {
  command.add_option("-c,--config", options.config, "Configuration file");
  command.add_option("--state", options.state, "State folder (instead of the configuration's)");
  command.add_flag("--json", options.json, "Print JSON");
}

void add_dlq_filter(CLI::App& command, DlqOptions& options, bool one_by_one) {
  command.add_option("--tenant", options.texts.tenant, "Only this tenant");
  command.add_option("--pipeline", options.texts.pipeline, "Only this pipeline");
  command.add_option("--reason", options.texts.reason, "Only this reason code");
  command.add_option("--source", options.texts.source, "Only this source instance");
  command.add_option("--stage", options.texts.stage,
                     "Only this stage: parse, validate, lift, transform, output or deliver");
  command.add_option("--sink", options.texts.sink, "Only what this sink refused");
  command.add_option("--group", options.texts.group, "Only this group of `analyze`");
  command.add_option("--since", options.since,
                     "Only what failed since then: a duration such as 30m, or a time such as "
                     "2026-11-26T14:02 (UTC)");
  command.add_option("--until", options.until, "Only what failed before then");
  if (!one_by_one) return;
  command.add_option("--ids", options.ids, "Only these letters: ids, or their beginnings")
      ->delimiter(',');
  command.add_option("--keys", options.keys, "Only records with these keys")->delimiter(',');
  command.add_option(
      "--where", options.where,
      "Only records with one of these values at a JSON Pointer: /event_id=a,b; given "
      "again, all must hold");
}

Result<DlqPlace> find_dlq_place(const DlqOptions& options) {
  DlqPlace place;
  const Environment env = Environment::of_process();
  const auto file = find_config_file(options.config, env);
  // A folder given by name needs no configuration, unless one was named as well.
  const bool needed = options.state.empty() || !options.config.empty();
  if (!file && needed) return file.status();
  if (file) {
    auto config = load_config(*file, env);
    if (!config && needed) return std::move(config).status();
    if (config) place.config = std::move(config).value();
  }
  place.state_dir = options.state.empty() ? place.config->runtime.state_dir
                                          : std::filesystem::path(options.state);
  return place;
}

bool is_configured_place(const DlqPlace& place) {
  return place.config && place.config->runtime.state_dir == place.state_dir;
}

Result<std::unique_ptr<DeadLetterStore>> open_dlq(const DlqPlace& place, bool read_only) {
  const bool configured = is_configured_place(place);
  return open_dead_letters(place.state_dir,
                           configured ? place.config->runtime.dead_letters_dsn : "", read_only);
}

Result<triage::Selection> selection_of(const DlqOptions& options) {
  triage::Selection out;
  const int64_t now_us = Clock::real().wall_us();
  out.filter = options.texts;
  out.filter.ids = options.ids;
  out.filter.keys = options.keys;
  if (!options.since.empty()) {
    auto since = triage::parse_moment(options.since, now_us);
    if (!since) return std::move(since).status().with_context("--since");
    out.filter.since_us = *since;
  }
  if (!options.until.empty()) {
    auto until = triage::parse_moment(options.until, now_us);
    if (!until) return std::move(until).status().with_context("--until");
    out.filter.until_us = *until;
  }
  for (const std::string& text : options.where) {
    auto where = triage::parse_where(text);
    if (!where) return std::move(where).status().with_context("--where");
    out.where.push_back(std::move(where).value());
  }
  return out;
}

DlqMasks::DlqMasks(const DlqPlace& place) : known_(place.config.has_value()) {
  if (!known_) return;
  for (const PipelineConfig& pipeline : place.config->pipelines) {
    by_pipeline_.try_emplace(pipeline.name, pipeline.sensitive);
  }
}

void DlqMasks::apply(DeadLetter& letter) {
  const auto at = by_pipeline_.find(letter.pipeline);
  if (at != by_pipeline_.end()) return at->second.apply(letter);
  // A pipeline that the configuration does not name any more, or no configuration at all.
  letter.masked = true;
  letter.raw = std::string(triage::LetterMask::kHidden);
  if (!letter.rendered.empty()) letter.rendered = letter.raw;
  letter.headers.clear();
}

std::string who_am_i() {
  const uid_t uid = ::geteuid();
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return "uid " + std::to_string(uid);
}

Status note_dlq_action(const DlqPlace& place, const std::string& action,
                       const std::string& members) {
  SLUICE_ASSIGN_OR_RETURN(const auto audit, AuditLog::open(place.state_dir));
  return audit->append(triage::audit_line(Clock::real().wall_us(), action, who_am_i(), members));
}

}  // namespace sluice::cli
