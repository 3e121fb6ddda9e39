// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/redriver.h"

#include <rapidjson/document.h>

#include <algorithm>

#include "runtime/base/fault.h"
#include "runtime/base/log.h"
#include "runtime/triage/letter_report.h"

namespace sluice {
namespace {

constexpr uint64_t kRedrivenAtOnce = 512;  // in one batch
constexpr size_t kChosenAtOnce = 10'000;   // added to a plan in one transaction
constexpr double kBurstSeconds = 0.1;      // of a rate, at once
constexpr Millis kRateWait{100};

bool names_value(const rapidjson::Document& options, const char* name) {
  if (!options.IsObject() || !options.HasMember(name)) return false;
  const rapidjson::Value& value = options[name];
  if (value.IsArray()) return !value.Empty();
  return value.IsString() && value.GetStringLength() > 0;
}

RedrivenLetter left_as_it_is(uint64_t redrive, DeadLetter letter) {
  RedrivenLetter out;
  out.redrive = redrive;
  out.seq = letter.seq;
  out.fate = RedrivenLetter::Fate::kFailed;
  out.letter = std::move(letter);
  return out;
}

// A letter that was tried often enough says so, and keeps what was last said of it.
RedrivenLetter at_its_limit(uint64_t redrive, DeadLetter letter) {
  if (letter.reason != "REDRIVE_LIMIT") {
    if (letter.first_reason.empty()) letter.first_reason = letter.reason;
    letter.detail = "redriven " + std::to_string(letter.redrives) + " times, at last " +
                    letter.reason + ": " + letter.detail;
    letter.reason = "REDRIVE_LIMIT";
  }
  return left_as_it_is(redrive, std::move(letter));
}

}  // namespace

bool overwrites_blindly(const SinkConfig& sink) {
  rapidjson::Document options;
  options.Parse<rapidjson::kParseIterativeFlag>(sink.config_json.c_str());
  if (!names_value(options, "key") && !names_value(options, "id")) return false;
  if (names_value(options, "revision")) return false;
  const bool has_mode = names_value(options, "mode");
  return !has_mode || std::string_view(options["mode"].GetString()) == "upsert";
}

Status may_be_passed(const SinkConfig& sink) {
  if (sink.order == SinkOrder::kNone || !overwrites_blindly(sink)) return Status::ok();
  return invalid("sink " + sink.name +
                 " has retry.topics, writes by key and knows no revision: a record that waited "
                 "would replace a newer one; give it a `revision`, or say `order: none` if no key "
                 "comes twice");
}

Redriver::Redriver(Context context) : context_(std::move(context)) {}

Redriver::~Redriver() {
  stop_all();
  finish(true);
}

Pipeline* Redriver::pipeline(const std::string& name) const {
  for (Pipeline* each : context_.pipelines) {
    if (each->config().name == name) return each;
  }
  return nullptr;
}

Status Redriver::check_overwrites(const RedriveRequest& request, const LetterClass& of) const {
  const Pipeline* found = pipeline(of.pipeline);
  if (found == nullptr || request.allow_overwrite) return Status::ok();
  for (const SinkConfig& sink : found->config().sinks) {
    if (!of.sink.empty() && sink.name != of.sink) continue;
    if (!overwrites_blindly(sink)) continue;
    return invalid("sink " + sink.name + " of pipeline " + of.pipeline +
                   " writes by key and knows no revision: an old record would replace a newer one; "
                   "give the sink a `revision`, or pass --allow-overwrite if none of these records "
                   "has a newer one");
  }
  return Status::ok();
}

// What can be said of the whole selection before any of it moves.
Status Redriver::check(const RedriveRequest& request) {
  const std::string& name = request.selection.filter.pipeline;
  if (!name.empty() && pipeline(name) == nullptr) {
    return not_found("no pipeline '" + name + "' runs here; start it, or leave --pipeline out");
  }
  Status status;
  SLUICE_RETURN_IF_ERROR(context_.letters->each_class(
      request.selection.filter, context_.clock->wall_us(), [&](const LetterClassCounts& counts) {
        if (!status) return;
        const LetterClass& of = counts.letter_class;
        status = check_overwrites(request, of);
        if (status && request.from == RedriveFrom::kSink && of.stage != "deliver") {
          status = invalid(
              "--from sink takes letters of stage deliver only, and some of these are "
              "of stage " +
              of.stage + "; add --stage deliver, or redrive --from raw");
        }
      }));
  return status;
}

Result<RedrivePlan> Redriver::start(RedriveRequest request) {
  MutexLock lock(mutex_);
  if (busy()) {
    return Status(Code::kExists, "redrive " + std::to_string(running_) +
                                     " is going on: wait for its end, or stop it");
  }
  if (ended_) return Status(Code::kCancelled, "the process is about to end");
  SLUICE_RETURN_IF_ERROR(triage::complete_ids(*context_.letters, request.selection.filter));
  SLUICE_RETURN_IF_ERROR(check(request));
  RedrivePlan plan;
  plan.pipeline = request.selection.filter.pipeline;
  plan.who = request.who;
  plan.options = redrive_request_json(request);
  plan.created_us = context_.clock->wall_us();
  SLUICE_ASSIGN_OR_RETURN(const uint64_t redrive, context_.letters->create_redrive(plan));
  SLUICE_FAULT("redrive.created");
  SLUICE_RETURN_IF_ERROR(choose(redrive, request));
  SLUICE_FAULT("redrive.chosen");
  return run_plan(redrive, std::move(request), "redrive");
}

Status Redriver::choose(uint64_t redrive, const RedriveRequest& request) {
  const triage::Selection& selection = request.selection;
  const bool by_id = !selection.filter.ids.empty();
  if (selection.where.empty()) return context_.letters->choose(redrive, selection.filter, by_id);
  std::vector<uint64_t> seqs;
  Status chosen;
  SLUICE_RETURN_IF_ERROR(triage::each_selected(
      *context_.letters, selection, context_.clock->wall_us(), [&](const DeadLetter& letter) {
        if (!letter.answered || by_id) seqs.push_back(letter.seq);
        if (seqs.size() >= kChosenAtOnce) {
          chosen = context_.letters->choose(redrive, seqs);
          seqs.clear();
        }
        return chosen.is_ok();
      }));
  SLUICE_RETURN_IF_ERROR(chosen);
  return context_.letters->choose(redrive, seqs);
}

Result<RedrivePlan> Redriver::resume(uint64_t redrive, const std::string& who) {
  MutexLock lock(mutex_);
  if (busy()) {
    return Status(Code::kExists, "redrive " + std::to_string(running_) +
                                     " is going on: wait for its end, or stop it");
  }
  if (ended_) return Status(Code::kCancelled, "the process is about to end");
  SLUICE_ASSIGN_OR_RETURN(const auto plan, context_.letters->find_redrive(redrive));
  if (!plan) return not_found("there is no redrive " + std::to_string(redrive));
  if (plan->state == "done") {
    return invalid("redrive " + std::to_string(redrive) + " has come to its end");
  }
  if (plan->state == "choosing") {
    return invalid("redrive " + std::to_string(redrive) +
                   " ended before all its letters were chosen; nothing of it has moved: start it "
                   "anew");
  }
  SLUICE_ASSIGN_OR_RETURN(RedriveRequest request, read_redrive_request(plan->options));
  request.who = who;
  return run_plan(redrive, std::move(request), "redrive_resume");
}

Result<RedrivePlan> Redriver::run_plan(uint64_t redrive, RedriveRequest request,
                                       const std::string& action) {
  SLUICE_RETURN_IF_ERROR(
      context_.letters->set_redrive_state(redrive, "running", context_.clock->wall_us()));
  SLUICE_FAULT("redrive.running");
  SLUICE_ASSIGN_OR_RETURN(const auto plan, context_.letters->find_redrive(redrive));
  SLUICE_CHECK(plan.has_value(), "a redrive that was just written is not there");
  note(action, request.who, *plan);
  if (thread_.joinable()) thread_.join();  // the last one's, which has ended
  stop_ = std::make_unique<StopSource>();
  running_ = redrive;
  busy_.store(true, std::memory_order_release);
  thread_ = std::thread([this, redrive, request = std::move(request), stop = stop_.get()] {
    run(redrive, request, *stop);
  });
  return *plan;
}

Result<DryRunReport> Redriver::dry_run(const RedriveRequest& request) {
  SLUICE_RETURN_IF_ERROR(check(request));
  std::vector<DryRunPipeline> pipelines;
  for (const Pipeline* each : context_.pipelines) {
    pipelines.push_back({&each->config(), each->bundle(), each->schema_ids()});
  }
  return dry_run_redrive(pipelines, *context_.letters, request, context_.clock->wall_us(),
                         dry_stop_);
}

bool Redriver::stop(uint64_t redrive) {
  MutexLock lock(mutex_);
  if (!busy() || running_ != redrive) return false;
  stop_->request();
  return true;
}

void Redriver::stop_all() {
  dry_stop_.request();
  MutexLock lock(mutex_);
  ended_ = true;
  if (stop_) stop_->request();
}

void Redriver::finish(bool abandoned) {
  if (abandoned) {
    MutexLock lock(out_mutex_);
    abandoned_ = true;
    out_changed_.notify_all();
  }
  MutexLock lock(mutex_);
  if (thread_.joinable()) thread_.join();
}

void Redriver::note(std::string_view action, const std::string& who, const RedrivePlan& plan) {
  if (context_.audit == nullptr) return;
  const std::string line = triage::audit_line(context_.clock->wall_us(), action, who,
                                              "\"redrive\":" + redrive_plan_json(plan));
  if (Status noted = context_.audit->append(line); !noted) {
    log::warn("dlq.audit", noted.message());
  }
}

// ---- the thread --------------------------------------------------------------------------------

void Redriver::run(uint64_t redrive, const RedriveRequest& request, StopSource& stop) {
  const Status fed = feed(redrive, request, stop);
  if (!fed) log::error("dlq.redrive", fed.message(), {{"redrive", redrive}});
  wait_settled();
  SLUICE_FAULT("redrive.settled");
  const auto plan = context_.letters->find_redrive(redrive);
  const bool done = plan && plan->has_value() && (*plan)->left == 0;
  const Status ended = context_.letters->set_redrive_state(redrive, done ? "done" : "stopped",
                                                           context_.clock->wall_us());
  if (!ended) log::error("dlq.redrive", ended.message(), {{"redrive", redrive}});
  SLUICE_FAULT("redrive.ended");
  if (const auto last = context_.letters->find_redrive(redrive); last && last->has_value()) {
    note(done ? "redrive_done" : "redrive_stopped", request.who, **last);
    log::info("dlq.redrive", done ? "a redrive has come to its end" : "a redrive was stopped",
              {{"redrive", redrive},
               {"chosen", (*last)->chosen},
               {"committed", (*last)->committed},
               {"failed", (*last)->failed},
               {"left", (*last)->left}});
  }
  busy_.store(false, std::memory_order_release);
}

Status Redriver::feed(uint64_t redrive, const RedriveRequest& request, StopSource& stop) {
  std::unique_ptr<TokenBucket> bucket;
  if (request.rate > 0) {
    bucket = std::make_unique<TokenBucket>(request.rate, kBurstSeconds, *context_.clock);
  }
  uint64_t after = 0;
  while (!stop.requested()) {
    uint64_t limit = kRedrivenAtOnce;
    if (bucket) {
      limit = bucket->take(static_cast<uint32_t>(kRedrivenAtOnce));
      if (limit == 0) {
        stop.wait_for(std::min(bucket->time_to_next(), kRateWait));
        continue;
      }
    }
    SLUICE_ASSIGN_OR_RETURN(std::vector<DeadLetter> letters,
                            context_.letters->next_chosen(redrive, after, limit));
    if (letters.empty()) return Status::ok();
    after = letters.back().seq;
    SLUICE_FAULT("redrive.taken");
    SLUICE_RETURN_IF_ERROR(feed_page(redrive, request, std::move(letters), stop));
  }
  return Status::ok();
}

// Letters of one page go in as a batch a pipeline, in their order.
Status Redriver::feed_page(uint64_t redrive, const RedriveRequest& request,
                           std::vector<DeadLetter> letters, StopSource& stop) {
  std::map<Pipeline*, std::shared_ptr<RedriveBatch>> batches;
  std::vector<RedrivenLetter> at_once;
  for (DeadLetter& letter : letters) {
    Pipeline* to = pipeline(letter.pipeline);
    if (letter.redrives >= RedriveRequest::kMostRedrives && !request.force) {
      at_once.push_back(at_its_limit(redrive, std::move(letter)));
    } else if (to == nullptr || (request.from == RedriveFrom::kSink && letter.stage != "deliver")) {
      at_once.push_back(left_as_it_is(redrive, std::move(letter)));
    } else {
      auto& batch = batches[to];
      if (!batch) {
        batch = std::make_shared<RedriveBatch>();
        batch->redrive = redrive;
        batch->from = request.from;
        batch->settled = [this](uint64_t n) { settled(n); };
      }
      batch->letters.push_back(std::move(letter));
    }
  }
  SLUICE_RETURN_IF_ERROR(context_.letters->settle_redriven(at_once, context_.clock->wall_us()));
  for (auto& [to, batch] : batches) {
    const uint64_t n = batch->letters.size();
    {
      MutexLock lock(out_mutex_);
      out_ += n;
    }
    if (!to->inject(std::move(batch), stop)) settled(n);
  }
  return Status::ok();
}

void Redriver::settled(uint64_t letters) {
  MutexLock lock(out_mutex_);
  out_ -= letters;
  out_changed_.notify_all();
}

void Redriver::wait_settled() {
  MutexLock lock(out_mutex_);
  while (out_ != 0 && !abandoned_) out_changed_.wait(out_mutex_);
}

}  // namespace sluice
