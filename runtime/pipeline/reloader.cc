// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/reloader.h"

#include <poll.h>
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

// Paths whose hash differs, that came, or that went.
std::vector<std::string> changed_files(const Bundle& before, const Bundle& after) {
  std::vector<std::string> out;
  for (const auto& [path, hash] : after.files) {
    const auto old = before.files.find(path);
    if (old == before.files.end() || old->second != hash) out.push_back(path);
  }
  for (const auto& [path, hash] : before.files) {
    if (after.files.find(path) == after.files.end()) out.push_back(path);
  }
  std::sort(out.begin(), out.end());
  return out;
}

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

void log_change(const BundleChange& change) {
  if (change.outcome == "activated") {
    log::info("bundle.activated", "the next batches are read with changed files",
              {{"pipeline", change.pipeline},
               {"hash", change.hash},
               {"previous", change.previous},
               {"trigger", change.trigger}});
  } else if (change.outcome == "failed") {
    log::error("bundle.refused", "the last good bundle runs on: " + change.error,
               {{"pipeline", change.pipeline}, {"hash", change.hash}, {"trigger", change.trigger}});
  }
}

}  // namespace

Reloader::Reloader(Options options) : options_(std::move(options)) {
  MutexLock lock(reload_mutex_);
  for (Pipeline* pipeline : options_.pipelines) {
    items_.push_back({pipeline, pipeline->config(), pipeline->bundle()->fingerprint});
  }
}

Reloader::~Reloader() { stop(); }

void Reloader::start() {
  for (const Pipeline* pipeline : options_.pipelines) {
    BundleChange change;
    change.at_us = options_.clock->wall_us();
    change.pipeline = pipeline->config().name;
    change.outcome = "started";
    change.trigger = "start";
    change.hash = pipeline->bundle()->hash;
    options_.history->add(change);
  }
  started_ = true;
  thread_ = std::thread(&Reloader::run, this);
}

void Reloader::stop() {
  stop_.request();
  if (thread_.joinable()) thread_.join();
}

ReloadReport Reloader::reload(std::string_view pipeline, std::string_view trigger) {
  MutexLock lock(reload_mutex_);
  if (!started_ || stop_.requested()) {
    ReloadReport report;
    report.answer = ReloadReport::Answer::kNotNow;
    report.message = started_ ? "the process is ending" : "the process is still starting";
    return report;
  }
  if (auto refused = take_config(pipeline)) return std::move(*refused);
  ReloadReport report;
  for (Item& item : items_) {
    if (!pipeline.empty() && item.config.name != pipeline) continue;
    report.changes.push_back(reload_one(item, trigger));
    if (report.changes.back().outcome != "failed") continue;
    report.answer = ReloadReport::Answer::kFailed;
    report.message += (report.message.empty() ? "" : "; ") + item.config.name + ": " +
                      report.changes.back().error;
  }
  return report;
}

std::set<std::string> Reloader::watched() const {
  MutexLock lock(watched_mutex_);
  return watched_;
}

// The configuration as it is now, if it asks for nothing that is fixed; else the refusal.
std::optional<ReloadReport> Reloader::take_config(std::string_view pipeline) {
  ReloadReport report;
  const bool known = pipeline.empty() ||
                     std::any_of(items_.begin(), items_.end(),
                                 [&](const Item& item) { return item.config.name == pipeline; });
  if (!known) {
    std::vector<std::string> names;
    for (const Item& item : items_) names.push_back(item.config.name);
    report.answer = ReloadReport::Answer::kUnknownPipeline;
    report.message = "there is no pipeline '" + shorten(pipeline, 64) + "' in this process";
    if (const auto near = did_you_mean(std::string(pipeline), names)) {
      report.message += "; did you mean '" + *near + "'?";
    }
    return report;
  }
  if (!options_.read_config) return std::nullopt;
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
  for (Item& item : items_) {
    for (const PipelineConfig& config : loaded->config.pipelines) {
      if (config.name == item.config.name) item.config = config;
    }
  }
  return std::nullopt;
}

BundleChange Reloader::reload_one(Item& item, std::string_view trigger) {
  BundleChange change;
  change.pipeline = item.config.name;
  change.trigger = trigger;
  const auto before = item.pipeline->bundle();
  // On an error too: files are not tried again until they change, which is news yet to be read.
  auto loaded = Bundle::load(item.config, &item.fingerprint);
  change.hash = before->hash;
  change.at_us = options_.clock->wall_us();
  Status status = loaded ? Status::ok() : loaded.status();
  change.outcome = "unchanged";
  if (loaded && (*loaded)->hash != before->hash) {
    change.previous = before->hash;
    change.changed = changed_files(*before, **loaded);
    status = item.pipeline->activate(*loaded, [&] {
      change.at_us = options_.clock->wall_us();
      change.outcome = "activated";
      change.hash = (*loaded)->hash;
      options_.history->note(change);
    });
  }
  if (!status) {
    change.outcome = "failed";
    change.previous.clear();
    change.changed.clear();
    change.error = status.message();
    options_.history->note(change);
  }
  log_change(change);
  if (change.outcome != "unchanged") options_.history->write(change);
  return change;
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
    std::array<pollfd, 3> fds{{{stop_.fd(), POLLIN, 0},
                               {options_.request_fd, POLLIN, 0},
                               {watch_ ? watch_->fd() : -1, POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), wait_ms(std::chrono::steady_clock::now()));
    if (ready < 0 && errno != EINTR) return;
    if (stop_.requested()) return;
    if ((fds[1].revents & POLLIN) != 0) serve_request();
    const auto now = std::chrono::steady_clock::now();
    if ((fds[2].revents & POLLIN) != 0 && watch_->read_news()) {
      watch_files();  // at once: what was just made has to be seen being written
      changed_at_ = now;
      if (!first_at_) first_at_ = now;
    }
    if (changed_at_ && wait_ms(now) == 0) {
      watch_files();
      look();
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

void Reloader::watch_files() {
  if (!watch_) return;
  std::vector<BundleFiles> wanted;
  std::set<std::string> names;
  {
    MutexLock lock(reload_mutex_);
    for (const Item& item : items_) {
      if (!item.config.watch_files) continue;
      wanted.push_back(BundleFiles::of(item.config));
      names.insert(item.config.name);
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
void Reloader::look() {
  ++looks_;
  MutexLock lock(reload_mutex_);
  for (Item& item : items_) {
    if (!item.config.watch_files) continue;
    if (BundleFiles::of(item.config).fingerprint() == item.fingerprint) continue;
    reload_one(item, "watch");
  }
}

}  // namespace sluice
