// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/letter_report.h"

#include <cstdio>

#include "runtime/base/text.h"

namespace sluice::triage {
namespace {

void add_report_name(std::string& out, std::string_view name) {
  if (!out.ends_with('{')) out += ',';
  append_json_string(out, name);
  out += ':';
}

void add_report_text(std::string& out, std::string_view name, std::string_view value) {
  add_report_name(out, name);
  append_json_string(out, value);
}

void add_report_number(std::string& out, std::string_view name, uint64_t value) {
  add_report_name(out, name);
  out += std::to_string(value);
}

void add_counts(std::string& out, std::string_view name,
                const std::map<std::string, uint64_t>& counts) {
  add_report_name(out, name);
  out += '{';
  for (const auto& [value, n] : counts) add_report_number(out, value, n);
  out += '}';
}

void add_causes(std::string& out, const std::vector<Cause>& causes) {
  add_report_name(out, "causes");
  out += '[';
  for (const Cause& cause : causes) {
    out += out.back() == '[' ? "{" : ",{";
    add_report_text(out, "kind", cause_kind_name(cause.kind));
    add_report_text(out, "at", format_time_us(cause.at_us));
    add_report_name(out, "sure");
    out += cause.sure ? "true" : "false";
    add_report_text(out, "text", cause.text);
    add_report_name(out, "files");
    out += '[';
    for (const std::string& file : cause.files) {
      if (out.back() != '[') out += ',';
      append_json_string(out, file);
    }
    out += "]}";
  }
  out += ']';
}

void add_group(std::string& out, const LetterGroup& group) {
  out += '{';
  add_report_text(out, "group", group.id);
  add_report_text(out, "pipeline", group.pipeline);
  add_report_text(out, "reason", group.reason);
  add_report_text(out, "stage", group.stage);
  if (!group.sink.empty()) add_report_text(out, "sink", group.sink);
  add_report_text(out, "path", group.path);
  add_report_text(out, "message", group.shape);
  add_report_number(out, "letters", group.letters);
  char share[32];
  std::snprintf(share, sizeof share, "%.6g", group.share);
  add_report_name(out, "share");
  out += share;
  add_report_text(out, "first_seen", format_time_us(group.first_us));
  add_report_text(out, "last_seen", format_time_us(group.last_us));
  add_report_number(out, "last_hour", group.last_hour);
  add_report_number(out, "hour_before", group.hour_before);
  add_report_text(out, "trend", group.trend());
  add_counts(out, "sources", group.sources);
  add_counts(out, "versions", group.versions);
  add_counts(out, "bundles", group.bundles);
  add_report_text(out, "example", group.example);
  add_causes(out, group.causes);
  add_report_text(out, "advice", group.advice);
  add_report_text(out, "next", group.next);
  out += '}';
}

}  // namespace

std::string summary_json(const LetterSummary& summary) {
  std::string out = "{";
  add_report_number(out, "total", summary.total);
  add_counts(out, "reasons", summary.reasons);
  add_counts(out, "sources", summary.sources);
  add_counts(out, "paths", summary.paths);
  add_counts(out, "versions", summary.versions);
  std::map<std::string, uint64_t> hours;
  for (const auto& [us, n] : summary.hours) hours[format_time_us(us)] += n;
  add_counts(out, "hours", hours);
  return out + "}";
}

std::string analysis_json(const Analysis& analysis) {
  std::string out = "{";
  add_report_text(out, "at", format_time_us(analysis.at_us));
  add_report_number(out, "letters", analysis.letters);
  add_report_name(out, "groups");
  out += '[';
  for (const LetterGroup& group : analysis.groups) {
    if (out.back() != '[') out += ',';
    add_group(out, group);
  }
  out += ']';
  add_report_number(out, "other_groups", analysis.other_groups);
  add_report_number(out, "other_letters", analysis.other_letters);
  return out + "}";
}

std::string audit_line(int64_t at_us, std::string_view action, std::string_view who,
                       std::string_view members) {
  std::string out = "{";
  add_report_text(out, "at", format_time_us(at_us));
  add_report_name(out, "at_us");
  out += std::to_string(at_us);
  add_report_text(out, "event", "dlq");
  add_report_text(out, "action", action);
  add_report_text(out, "who", who);
  if (!members.empty()) out.append(",").append(members);
  return out + "}";
}

}  // namespace sluice::triage
