// SPDX-License-Identifier: Apache-2.0
// sluice dlq summary, sample, show, analyze: they look and change nothing, beside a process that
// may run.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>

#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/cli/dlq_options.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/triage/analysis.h"
#include "runtime/triage/letter_report.h"

namespace sluice::cli {
namespace {

using LookRows = std::vector<std::vector<std::string>>;

constexpr size_t kShownValues = 10;  // of a kind in a summary
constexpr size_t kShownHours = 24;
constexpr size_t kShownBytes = 200;  // of a detail or a record

// The most frequent values of a kind, as a table.
std::string letter_values_table(const std::string& kind,
                                const std::map<std::string, uint64_t>& counts,
                                const std::string& unnamed) {
  std::vector<std::pair<std::string, uint64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  LookRows rows{{kind, "letters"}};
  uint64_t others = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i >= kShownValues) {
      others += sorted[i].second;
      continue;
    }
    std::string name;
    append_escaped(name, sorted[i].first.empty() ? unnamed : sorted[i].first);
    rows.push_back({name, with_thousands(sorted[i].second)});
  }
  if (others != 0) {
    rows.push_back(
        {std::to_string(sorted.size() - kShownValues) + " others", with_thousands(others)});
  }
  return format_table(rows) + "\n";
}

std::string letter_summary_text(const LetterSummary& summary) {
  if (summary.total == 0) return "no dead letters\n";
  std::string out = letter_values_table("reason", summary.reasons, "-");
  out += letter_values_table("source", summary.sources, "-");
  out += letter_values_table("path", summary.paths, "(the record)");
  out += letter_values_table("schema", summary.versions, "(none known)");
  LookRows hours{{"hour", "letters"}};
  size_t skip = summary.hours.size() - std::min(summary.hours.size(), kShownHours);
  for (const auto& [us, n] : summary.hours) {
    if (skip > 0) {
      --skip;
      continue;
    }
    hours.push_back({format_time_us(us).substr(0, 13) + "h", with_thousands(n)});
  }
  out += format_table(hours);
  return out + "\n" + with_thousands(summary.total) + " dead letters\n";
}

Status summarize_letters(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const DlqPlace place, find_dlq_place(options));
  SLUICE_ASSIGN_OR_RETURN(const triage::Selection selection, selection_of(options));
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_dlq(place));
  SLUICE_ASSIGN_OR_RETURN(const LetterSummary found, store->summarize(selection.filter));
  write_text(STDOUT_FILENO,
             options.json ? triage::summary_json(found) + "\n" : letter_summary_text(found));
  return Status::ok();
}

std::string letter_text(const DeadLetter& letter, bool full) {
  std::string out = letter.id.substr(0, 12) + "  " + format_time_us(letter.last_at_us) + "  " +
                    letter.reason + "  " + letter.source + "  " + letter.lane + "@" +
                    std::to_string(letter.position);
  if (letter.redrives > 0) out += "  redriven " + std::to_string(letter.redrives) + "x";
  out += "\n  " + letter.stage + (letter.sink.empty() ? "" : " (" + letter.sink + ")") + ": ";
  append_escaped(out, full ? letter.detail : shorten(letter.detail, kShownBytes));
  out += "\n  ";
  append_escaped(out, full ? letter.raw : shorten(letter.raw, kShownBytes));
  return out + "\n";
}

// Whoever asks for everything is noted before it is shown.
Status note_full(const DlqPlace& place, const DlqOptions& options, const std::string& action,
                 const std::string& what) {
  if (!options.full) return Status::ok();
  return note_dlq_action(place, action, "\"full\":true," + what)
      .with_context("what is sensitive is shown in full only when that can be noted");
}

// The newest letters of a selection.
Status each_newest(DeadLetterStore& store, const triage::Selection& selection, uint64_t limit,
                   const std::function<void(DeadLetter&)>& visit) {
  if (selection.where.empty()) {
    return store.each(selection.filter, limit, [&](const DeadLetter& letter) {
      DeadLetter copy = letter;
      visit(copy);
    });
  }
  std::deque<DeadLetter> newest;
  SLUICE_RETURN_IF_ERROR(
      triage::each_selected(store, selection, Clock::real().wall_us(), [&](DeadLetter& letter) {
        newest.push_front(std::move(letter));
        if (newest.size() > limit) newest.pop_back();
        return true;
      }));
  for (DeadLetter& letter : newest) visit(letter);
  return Status::ok();
}

Status sample_letters(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const DlqPlace place, find_dlq_place(options));
  SLUICE_ASSIGN_OR_RETURN(triage::Selection selection, selection_of(options));
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_dlq(place));
  SLUICE_RETURN_IF_ERROR(triage::complete_ids(*store, selection.filter));
  SLUICE_RETURN_IF_ERROR(
      note_full(place, options, "sample", "\"selection\":" + triage::selection_json(selection)));
  DlqMasks masks(place);
  return each_newest(*store, selection, options.limit, [&](DeadLetter& letter) {
    if (!options.full) masks.apply(letter);
    write_text(STDOUT_FILENO,
               options.json ? letter_json(letter, true) + "\n" : letter_text(letter, options.full));
  });
}

std::string text_or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string show_text(const DeadLetter& letter) {
  std::string detail;
  append_escaped(detail, letter.detail);
  std::string done;
  for (const std::string& name : letter.done_sinks) done += (done.empty() ? "" : ", ") + name;
  std::string reason = letter.reason;
  if (!letter.first_reason.empty() && letter.first_reason != reason) {
    reason += " (at first " + letter.first_reason + ")";
  }
  LookRows rows{
      {"id", letter.id},
      {"reason", reason},
      {"stage", letter.sink.empty() ? letter.stage : letter.stage + " (" + letter.sink + ")"},
      {"detail", detail},
      {"pointer", text_or_dash(letter.pointer)},
      {"group", class_of(letter).group},
      {"pipeline", letter.pipeline + " (tenant " + letter.tenant + ")"},
      {"origin", letter.source + " " + letter.lane + " @ " + std::to_string(letter.position)},
      {"schema", text_or_dash(letter.schema_version)},
      {"script", text_or_dash(letter.script_hash.substr(0, 12))},
      {"bundle", text_or_dash(letter.bundle_hash.substr(0, 12))},
      {"attempts", std::to_string(letter.attempts)},
      {"redrives", std::to_string(letter.redrives)},
      {"first", format_time_us(letter.first_at_us)},
      {"last", format_time_us(letter.last_at_us)}};
  if (!done.empty()) rows.push_back({"not for", done});
  if (const auto id = correlation_of(letter); !id.empty()) {
    rows.push_back({"correlation", shorten(id, kShownBytes)});
  }
  std::string out = format_table(rows) + "original\n";
  append_escaped(out, letter.raw);
  out += '\n';
  if (!letter.rendered.empty()) {
    out += "given to the sink\n";
    append_escaped(out, letter.rendered);
    out += '\n';
  }
  return out;
}

Status show_letter(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const DlqPlace place, find_dlq_place(options));
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_dlq(place));
  SLUICE_ASSIGN_OR_RETURN(auto letter, store->find(options.id));
  if (!letter) {
    return not_found("there is no dead letter " + shorten(options.id, 80) +
                     "; `sluice dlq sample` shows the newest ones");
  }
  SLUICE_RETURN_IF_ERROR(note_full(place, options, "show", "\"id\":\"" + letter->id + "\""));
  if (!options.full) DlqMasks(place).apply(*letter);
  write_text(STDOUT_FILENO, options.json ? letter_json(*letter, true) + "\n" : show_text(*letter));
  return Status::ok();
}

std::string share_text(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

std::string names_and_counts(const std::map<std::string, uint64_t>& counts, size_t bytes) {
  std::string out;
  for (const auto& [name, n] : counts) {
    if (!out.empty()) out += ", ";
    out += name.empty() ? "-" : name.substr(0, bytes);
    if (counts.size() > 1) out += " (" + with_thousands(n) + ")";
  }
  return out;
}

std::string group_text(const triage::LetterGroup& group) {
  std::string out = group.id + "  " + group.reason + "  " +
                    (group.path.empty() ? std::string("(the record)") : group.path) + "  " +
                    with_thousands(group.letters) +
                    (group.letters == 1 ? " letter, " : " letters, ") + share_text(group.share) +
                    ", " + std::string(group.trend()) + "\n  " + group.stage +
                    (group.sink.empty() ? "" : " (" + group.sink + ")") + ": ";
  append_escaped(out, group.shape);
  out += "\n  seen      " + format_time_us(group.first_us) + " to " +
         format_time_us(group.last_us) + "; " + with_thousands(group.last_hour) +
         " in the last hour, " + with_thousands(group.hour_before) + " in the hour before\n";
  out += "  from      " + names_and_counts(group.sources, 60) + " of pipeline " + group.pipeline +
         "; schema " + names_and_counts(group.versions, 12) + "; bundle " +
         names_and_counts(group.bundles, 12) + "\n";
  if (group.causes.empty()) {
    out += "  cause     nothing of ours changed just before: the records did\n";
  }
  for (size_t i = 0; i < group.causes.size(); ++i) {
    out += i == 0 ? (group.causes[i].sure ? "  cause     " : "  perhaps   ") : "  also      ";
    append_escaped(out, group.causes[i].text);
    out += '\n';
  }
  out += "  example   sluice dlq show " + group.example.substr(0, 12) + "\n";
  return out + "  next      " + group.next + "\n            " + group.advice + "\n";
}

Status analyze_letters(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const DlqPlace place, find_dlq_place(options));
  SLUICE_ASSIGN_OR_RETURN(const triage::Selection selection, selection_of(options));
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_dlq(place));
  SLUICE_ASSIGN_OR_RETURN(
      const triage::Analysis found,
      triage::analyze(*store, selection.filter, triage::read_evidence(place.state_dir),
                      options.limit, Clock::real().wall_us()));
  if (options.json) {
    write_text(STDOUT_FILENO, triage::analysis_json(found) + "\n");
    return Status::ok();
  }
  std::string out;
  for (const triage::LetterGroup& group : found.groups) out += group_text(group) + "\n";
  const uint64_t groups = found.groups.size() + found.other_groups;
  out += found.letters == 0 ? "no dead letters\n"
                            : with_thousands(found.letters) + " dead letters in " +
                                  with_thousands(groups) + (groups == 1 ? " group\n" : " groups\n");
  if (found.other_groups != 0) {
    out += with_thousands(found.other_letters) + " of them in groups that are not shown; --limit " +
           "shows more\n";
  }
  write_text(STDOUT_FILENO, out);
  return Status::ok();
}

}  // namespace

void add_dlq_look_commands(CLI::App& dlq, int* exit_code) {
  auto options = std::make_shared<DlqOptions>();
  auto* summary_command =
      dlq.add_subcommand("summary", "Letters by reason, source, path, schema version and hour");
  add_dlq_common(*summary_command, *options);
  add_dlq_filter(*summary_command, *options, false);
  summary_command->footer(
      "Examples:\n"
      "  sluice dlq summary\n"
      "  sluice dlq summary --since 30m --json");
  summary_command->callback(
      [options, exit_code] { *exit_code = report(summarize_letters(*options)); });

  auto* sample_command = dlq.add_subcommand("sample", "The newest letters");
  add_dlq_common(*sample_command, *options);
  add_dlq_filter(*sample_command, *options, true);
  sample_command->add_option("--limit", options->limit, "How many (10)");
  sample_command->add_flag("--full", options->full,
                           "Uncut, sensitive values too; the audit log notes it");
  sample_command->footer(
      "Examples:\n"
      "  sluice dlq sample --reason SCHEMA_DRIFT --limit 5\n"
      "  sluice dlq sample --group 3f2a91bc0d4e --limit 1 --full\n"
      "  sluice dlq sample --where /order_id=o-17,o-18 --json");
  sample_command->callback([options, exit_code] { *exit_code = report(sample_letters(*options)); });

  auto* show_command = dlq.add_subcommand("show", "One letter, with everything known of it");
  add_dlq_common(*show_command, *options);
  show_command->add_option("id", options->id, "The letter's id, or the beginning of it")
      ->required();
  show_command->add_flag("--full", options->full, "Sensitive values too; the audit log notes it");
  show_command->footer(
      "Examples:\n"
      "  sluice dlq show 3f2a91bc0d4e\n"
      "  sluice dlq show 3f2a91bc0d4e --full --json | jq -r .raw_base64 | base64 -d");
  show_command->callback([options, exit_code] { *exit_code = report(show_letter(*options)); });

  auto* analyze_command = dlq.add_subcommand(
      "analyze", "Alike failures as groups: how many, since when, why probably, and what to do");
  add_dlq_common(*analyze_command, *options);
  add_dlq_filter(*analyze_command, *options, false);
  analyze_command->add_option("--limit", options->limit, "How many groups (10)");
  analyze_command->footer(
      "A group has the same reason, place in the record and message, numbers and values left out.\n"
      "Examples:\n"
      "  sluice dlq analyze\n"
      "  sluice dlq analyze --since 2h --pipeline orders --json");
  analyze_command->callback(
      [options, exit_code] { *exit_code = report(analyze_letters(*options)); });
}

}  // namespace sluice::cli
