// SPDX-License-Identifier: Apache-2.0
// /admin/dlq/...: dead letters of the running process.
#include <charconv>
#include <filesystem>
#include <map>

#include "runtime/admin/query.h"
#include "runtime/admin/runtime_backend.h"
#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/triage/analysis.h"
#include "runtime/triage/letter_report.h"
#include "runtime/triage/mask.h"
#include "runtime/triage/purge.h"

namespace sluice {
namespace {

using Reply = AdminBackend::Reply;

constexpr uint64_t kShownRedrives = 20;
constexpr uint64_t kMostSamples = 1000;
constexpr const char* kNobody = "admin API";

// An object's members, for a reply that puts braces around them.
std::string members_of(const std::string& object) { return object.substr(1, object.size() - 2); }

// What a GET asks for.
struct Asked {
  triage::Selection selection;
  uint64_t limit = 10;
  uint64_t id_number = 0;
  std::string id;
  bool full = false;
  std::string who = kNobody;
};

Status set_asked(Asked& out, const std::string& name, const std::string& value, int64_t now_us) {
  LetterFilter& filter = out.selection.filter;
  const std::map<std::string_view, std::string*> texts = {
      {"tenant", &filter.tenant}, {"pipeline", &filter.pipeline},
      {"reason", &filter.reason}, {"source", &filter.source},
      {"stage", &filter.stage},   {"sink", &filter.sink},
      {"group", &filter.group},   {"id", &out.id},
      {"who", &out.who}};
  if (const auto at = texts.find(name); at != texts.end()) {
    *at->second = value;
    return Status::ok();
  }
  if (name == "since" || name == "until") {
    auto moment = triage::parse_moment(value, now_us);
    if (!moment) return std::move(moment).status().with_context(name);
    (name == "since" ? filter.since_us : filter.until_us) = *moment;
    return Status::ok();
  }
  if (name == "where") {
    auto where = triage::parse_where(value);
    if (!where) return std::move(where).status().with_context(name);
    out.selection.where.push_back(std::move(where).value());
    return Status::ok();
  }
  if (name == "limit") {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.limit);
    if (error == std::errc() && end == value.data() + value.size()) return Status::ok();
    return invalid("limit: expected a number");
  }
  if (name == "full") {
    out.full = value == "true";
    return value == "true" || value == "false" ? Status::ok()
                                               : invalid("full: expected true or false");
  }
  return invalid("unknown parameter '" + shorten(name, 40) + "'; GET / lists those there are");
}

Result<Asked> read_asked(std::string_view query, int64_t now_us) {
  SLUICE_ASSIGN_OR_RETURN(const auto pairs, admin::parse_query(query));
  Asked out;
  for (const auto& [name, value] : pairs) {
    SLUICE_RETURN_IF_ERROR(set_asked(out, name, value, now_us));
  }
  if (!out.id.empty()) {
    std::from_chars(out.id.data(), out.id.data() + out.id.size(), out.id_number);
  }
  return out;
}

// The answers, each on whatever thread asks.
class DlqAnswers {
 public:
  explicit DlqAnswers(Runtime& runtime)
      : runtime_(runtime), letters_(runtime.dead_letters()), now_us_(Clock::real().wall_us()) {}

  Result<std::string> look(std::string_view what, const Asked& asked) {
    if (what == "summary") {
      SLUICE_ASSIGN_OR_RETURN(const auto summary, letters_.summarize(asked.selection.filter));
      return members_of(triage::summary_json(summary));
    }
    if (what == "analyze") {
      SLUICE_ASSIGN_OR_RETURN(
          const auto analysis,
          triage::analyze(letters_, asked.selection.filter, triage::read_evidence(state_dir()),
                          asked.limit, now_us_));
      return members_of(triage::analysis_json(analysis));
    }
    if (what == "sample") return sample(asked);
    if (what == "show") return show(asked);
    return redrives(asked);
  }

  Result<std::string> change(std::string_view what, const Asked& asked, std::string_view body) {
    if (what == "redrive") return redrive(body);
    if (what == "purge") return purge(body);
    if (what == "redrive/resume") {
      SLUICE_ASSIGN_OR_RETURN(const RedrivePlan plan,
                              runtime_.redriver().resume(asked.id_number, asked.who));
      return "\"redrive\":" + redrive_plan_json(plan);
    }
    if (!runtime_.redriver().stop(asked.id_number)) {
      return not_found("redrive '" + shorten(asked.id, 20) + "' is not going on");
    }
    SLUICE_RETURN_IF_ERROR(
        note("redrive_stop", asked.who, "\"id\":" + std::to_string(asked.id_number)));
    return std::string("\"stopping\":") + std::to_string(asked.id_number);
  }

 private:
  [[nodiscard]] const std::filesystem::path& state_dir() const {
    return runtime_.config().runtime.state_dir;
  }

  Status note(std::string_view action, const std::string& who, const std::string& members) {
    return runtime_.audit().append(triage::audit_line(now_us_, action, who, members));
  }

  // Unless everything is asked for, which is noted first, sensitive values are hidden.
  Status uncover(const Asked& asked, std::string_view action, const std::string& what) {
    if (!asked.full) return Status::ok();
    return note(action, asked.who, "\"full\":true," + what);
  }
  void mask(DeadLetter& letter) {
    for (const PipelineConfig& pipeline : runtime_.config().pipelines) {
      if (pipeline.name == letter.pipeline) triage::LetterMask(pipeline.sensitive).apply(letter);
    }
  }

  Result<std::string> sample(const Asked& asked) {
    if (!asked.selection.where.empty()) {
      return invalid("where: not of samples; `sluice dlq sample --where` reads them itself");
    }
    SLUICE_RETURN_IF_ERROR(
        uncover(asked, "sample", "\"selection\":" + triage::selection_json(asked.selection)));
    std::string out = "\"letters\":[";
    SLUICE_RETURN_IF_ERROR(letters_.each(
        asked.selection.filter, std::min(asked.limit, kMostSamples), [&](const DeadLetter& letter) {
          DeadLetter copy = letter;
          if (!asked.full) mask(copy);
          if (out.back() != '[') out += ',';
          out += letter_json(copy, true);
        }));
    return out + "]";
  }

  Result<std::string> show(const Asked& asked) {
    SLUICE_ASSIGN_OR_RETURN(auto letter, letters_.find(asked.id));
    if (!letter) return not_found("there is no dead letter '" + shorten(asked.id, 80) + "'");
    SLUICE_RETURN_IF_ERROR(uncover(asked, "show", "\"id\":\"" + letter->id + "\""));
    if (!asked.full) mask(*letter);
    return members_of(letter_json(*letter, true));
  }

  Result<std::string> redrives(const Asked& asked) {
    std::error_code error;
    const auto whole = std::filesystem::weakly_canonical(state_dir(), error);
    std::string out = "\"state_dir\":";
    append_json_string(out, error ? state_dir().string() : whole.string());
    if (!asked.id.empty()) {
      SLUICE_ASSIGN_OR_RETURN(const auto plan, runtime_.redriver().find(asked.id_number));
      if (!plan) return not_found("there is no redrive '" + shorten(asked.id, 20) + "'");
      return out + ",\"redrive\":" + redrive_plan_json(*plan);
    }
    SLUICE_ASSIGN_OR_RETURN(const auto plans, runtime_.redriver().list(kShownRedrives));
    out += ",\"redrives\":[";
    for (const RedrivePlan& plan : plans) {
      if (out.back() != '[') out += ',';
      out += redrive_plan_json(plan);
    }
    return out + "]";
  }

  Result<std::string> redrive(std::string_view body) {
    SLUICE_ASSIGN_OR_RETURN(RedriveRequest request, read_redrive_request(body));
    if (request.who.empty()) request.who = kNobody;
    if (request.dry_run) {
      SLUICE_ASSIGN_OR_RETURN(const DryRunReport report, runtime_.redriver().dry_run(request));
      SLUICE_RETURN_IF_ERROR(note("redrive_dry_run", request.who,
                                  "\"selection\":" + triage::selection_json(request.selection) +
                                      ",\"letters\":" + std::to_string(report.letters)));
      return members_of(report.json());
    }
    SLUICE_ASSIGN_OR_RETURN(const RedrivePlan plan, runtime_.redriver().start(std::move(request)));
    return "\"redrive\":" + redrive_plan_json(plan);
  }

  Result<std::string> purge(std::string_view body) {
    SLUICE_ASSIGN_OR_RETURN(RedriveRequest request, read_redrive_request(body));
    if (request.who.empty()) request.who = kNobody;
    SLUICE_RETURN_IF_ERROR(triage::complete_ids(letters_, request.selection.filter));
    SLUICE_ASSIGN_OR_RETURN(const uint64_t purged,
                            triage::purge(letters_, request.selection, now_us_));
    SLUICE_RETURN_IF_ERROR(note("purge", request.who,
                                "\"selection\":" + triage::selection_json(request.selection) +
                                    ",\"letters\":" + std::to_string(purged)));
    return "\"purged\":" + std::to_string(purged);
  }

  Runtime& runtime_;
  DeadLetterStore& letters_;
  const int64_t now_us_;
};

}  // namespace

AdminBackend::Reply RuntimeBackend::dlq(std::string_view what, bool changes, std::string_view query,
                                        std::string_view body) {
  const auto asked = read_asked(query, Clock::real().wall_us());
  if (!asked) return refused(asked.status());
  DlqAnswers answers(runtime_);
  auto members = changes ? answers.change(what, *asked, body) : answers.look(what, *asked);
  if (!members) return refused(members.status());
  return {200, "", std::move(members).value()};
}

}  // namespace sluice
