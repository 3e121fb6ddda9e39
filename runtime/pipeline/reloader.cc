// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/reloader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/base/log.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

// Files that never come to rest are looked at this often nevertheless.
constexpr std::chrono::seconds kLongestWait{10};
constexpr size_t kShownKeys = 5;

std::string fixed_text(const std::vector<std::string>& keys) {
  std::string out = "the configuration asks for a change that needs a restart: ";
  for (size_t i = 0; i < keys.size() && i < kShownKeys; ++i) {
    out += (i == 0 ? "" : ", ") + keys[i];
  }
  if (keys.size() > kShownKeys) {
    out += " and " + std::to_string(keys.size() - kShownKeys) + " more";
  }
  return out + "; nothing was changed: restart the process, or undo it";
}

}  // namespace

Reloader::Reloader(Options options)
    : options_(std::move(options)), judge_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Activator::Services services;
  services.history = options_.history;
  services.clock = options_.clock;
  services.store = options_.store;
  services.letters = options_.letters;
  services.run_tests = options_.run_tests;
  // Workers and batches may still call it when this object is gone.
  services.judge_soon = [fd = std::make_shared<UniqueFd>(::dup(judge_.get()))] {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(fd->get(), &one, sizeof one);
  };
  MutexLock lock(reload_mutex_);
  for (Pipeline* pipeline : options_.pipelines) activators_.emplace_back(*pipeline, services);
}

Reloader::~Reloader() { stop(); }

void Reloader::start() {
  {
    MutexLock lock(reload_mutex_);
    started_ = true;  // whoever sees the start in the history and asks for a reload waits here
    for (Activator& activator : activators_) activator.note_start();
    prune_store();
  }
  thread_ = std::thread(&Reloader::run, this);
}

void Reloader::stop() {
  stop_.request();
  if (thread_.joinable()) thread_.join();
}

ReloadReport Reloader::reload(std::string_view pipeline, std::string_view trigger) {
  MutexLock lock(reload_mutex_);
  if (auto refused = not_now()) return std::move(*refused);
  if (auto refused = not_known(pipeline)) return std::move(*refused);
  if (auto refused = take_config()) return std::move(*refused);
  ReloadReport report;
  for (Activator& activator : activators_) {
    if (!pipeline.empty() && activator.config().name != pipeline) continue;
    report.changes.push_back(activator.reload(trigger));
    if (!report.changes.back().refused()) continue;
    report.answer = ReloadReport::Answer::kFailed;
    report.message += (report.message.empty() ? "" : "; ") + activator.config().name + ": " +
                      report.changes.back().error;
  }
  prune_store();
  return report;
}

ReloadReport Reloader::roll_back(std::string_view pipeline, std::string_view trigger) {
  MutexLock lock(reload_mutex_);
  if (auto refused = not_now()) return std::move(*refused);
  if (auto refused = not_known(pipeline)) return std::move(*refused);
  ReloadReport report;
  if (pipeline.empty() && activators_.size() != 1) {
    report.answer = ReloadReport::Answer::kUnknownPipeline;
    report.message = "there are several pipelines; say which one is to go back";
    return report;
  }
  for (Activator& activator : activators_) {
    if (!pipeline.empty() && activator.config().name != pipeline) continue;
    auto change = activator.roll_back(trigger);
    if (change) {
      report.changes.push_back(std::move(change).value());
    } else {
      report.answer = ReloadReport::Answer::kNoWayBack;
      report.message = change.status().message();
    }
  }
  return report;
}

std::set<std::string> Reloader::watched() const {
  MutexLock lock(watched_mutex_);
  return watched_;
}

std::optional<ReloadReport> Reloader::not_now() const {
  if (started_ && !stop_.requested()) return std::nullopt;
  ReloadReport report;
  report.answer = ReloadReport::Answer::kNotNow;
  report.message = started_ ? "the process is ending" : "the process is still starting";
  return report;
}

std::optional<ReloadReport> Reloader::not_known(std::string_view pipeline) const {
  if (pipeline.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const Activator& activator : activators_) names.push_back(activator.config().name);
  if (std::find(names.begin(), names.end(), pipeline) != names.end()) return std::nullopt;
  ReloadReport report;
  report.answer = ReloadReport::Answer::kUnknownPipeline;
  report.message = "there is no pipeline '" + shorten(pipeline, 64) + "' in this process";
  if (const auto near = did_you_mean(std::string(pipeline), names)) {
    report.message += "; did you mean '" + *near + "'?";
  }
  return report;
}

// The configuration as it is now, if it asks for nothing that is fixed; else the refusal.
std::optional<ReloadReport> Reloader::take_config() {
  if (!options_.read_config) return std::nullopt;
  ReloadReport report;
  auto loaded = options_.read_config();
  if (!loaded) {
    report.answer = ReloadReport::Answer::kFailed;
    report.message = loaded.status().message();
    return report;
  }
  report.keys = fixed_differences(options_.values, loaded->values);
  if (!report.keys.empty()) {
    report.answer = ReloadReport::Answer::kFixed;
    report.message = fixed_text(report.keys);
    return report;
  }
  log::set_level(log::level_of(loaded->config.runtime.log_level));
  for (Activator& activator : activators_) {
    for (const PipelineConfig& config : loaded->config.pipelines) {
      if (config.name == activator.config().name) activator.set_config(config);
    }
  }
  return std::nullopt;
}

void Reloader::prune_store() {
  if (options_.store == nullptr) return;
  std::set<std::string> keep;
  for (const Activator& activator : activators_) {
    const auto wanted = activator.wanted();
    keep.insert(wanted.begin(), wanted.end());
  }
  // Those of pipelines that this process does not run, too.
  for (const auto& [name, past] : options_.history->snapshot()) {
    const auto good = past.good();
    keep.insert(good.end() - static_cast<ptrdiff_t>(std::min(good.size(), BundleStore::kKept)),
                good.end());
  }
  options_.store->prune(keep);
}

void Reloader::run() {
  auto made = FileWatch::create();
  if (made) {
    watch_ = std::move(made).value();
    watch_files();
  } else {
    log::warn("bundle.unwatched", made.status().message());
  }
  // What changed between loading and watching.
  changed_at_ = first_at_ = std::chrono::steady_clock::now();
  for (;;) {
    std::array<pollfd, 4> fds{{{stop_.fd(), POLLIN, 0},
                               {options_.request_fd, POLLIN, 0},
                               {judge_.get(), POLLIN, 0},
                               {watch_ ? watch_->fd() : -1, POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), wait_ms(std::chrono::steady_clock::now()));
    if (ready < 0 && errno != EINTR) return;
    if (stop_.requested()) return;
    if ((fds[1].revents & POLLIN) != 0) serve_request();
    if ((fds[2].revents & POLLIN) != 0) judge();
    const auto now = std::chrono::steady_clock::now();
    if ((fds[3].revents & POLLIN) != 0 && watch_->read_news()) {
      watch_files();  // at once: what was just made has to be seen being written
      changed_at_ = now;
      if (!first_at_) first_at_ = now;
    }
    if (changed_at_ && wait_ms(now) == 0) {
      watch_files();
      if (look(now - *first_at_ < kLongestWait)) {
        watch_files();
        changed_at_ = std::chrono::steady_clock::now();
        continue;
      }
      first_at_.reset();
      changed_at_.reset();
    }
  }
}

// How long to wait for further news before the files are looked at; -1: there are none.
int Reloader::wait_ms(Time now) const {
  if (!changed_at_) return -1;
  Time due = *changed_at_ + options_.rest;
  if (watch_ && watch_->being_written(now)) due = std::max(due, now + options_.rest);
  due = std::min(due, *first_at_ + std::max<Time::duration>(kLongestWait, options_.rest));
  if (due <= now) return 0;
  return static_cast<int>(std::chrono::ceil<Millis>(due - now).count());
}

void Reloader::serve_request() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(options_.request_fd, &count, sizeof count);
  const ReloadReport report = reload("", "signal");
  if (report.answer != ReloadReport::Answer::kDone && report.changes.empty()) {
    log::error("bundle.refused", report.message);
  } else {
    log::info("bundle.reloaded", "a reload was asked for and is done");
  }
  watch_files();
}

void Reloader::judge() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(judge_.get(), &count, sizeof count);
  MutexLock lock(reload_mutex_);
  for (Activator& activator : activators_) activator.judge();
}

void Reloader::watch_files() {
  if (!watch_) return;
  std::vector<BundleFiles> wanted;
  std::set<std::string> names;
  {
    MutexLock lock(reload_mutex_);
    for (const Activator& activator : activators_) {
      if (!activator.config().watch_files) continue;
      wanted.push_back(BundleFiles::of(activator.config()));
      names.insert(activator.config().name);
    }
  }
  {
    MutexLock lock(watched_mutex_);
    watched_ = std::move(names);
  }
  if (const Status status = watch_->watch(wanted); !status) {
    log::warn("bundle.unwatched", status.message());
  }
}

// Reloads the pipelines whose files are not what they were.
// `patient`: what changes while it is looked at is not taken over, but looked at again; then the
// answer is true.
bool Reloader::look(bool patient) {
  ++looks_;
  MutexLock lock(reload_mutex_);
  bool disturbed = false;
  const auto asks = [&] {
    disturbed = disturbed || (watch_ && watch_->read_news());
    return disturbed;
  };
  for (Activator& activator : activators_) {
    const bool wanted = activator.config().watch_files || activator.not_loaded_yet();
    if (!wanted || !activator.files_changed()) continue;
    activator.reload("watch", patient ? asks : std::function<bool()>());
  }
  prune_store();
  return disturbed;
}

}  // namespace sluice
