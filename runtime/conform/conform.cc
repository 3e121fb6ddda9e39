// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/conform.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/conform/checks.h"
#include "runtime/conform/child_runner.h"
#include "runtime/conform/fixture.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {

namespace {

std::vector<Check> all_checks() {
  std::vector<Check> all;
  for (const auto part : {static_checks(), lifecycle_checks(), stop_checks(), source_checks(),
                          restart_checks(), sink_checks(), mark_checks(), host_checks()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// A folder that goes with everything in it.
class FreshFolder {
 public:
  static Result<FreshFolder> make() {
    std::error_code error;
    auto base = std::filesystem::temp_directory_path(error);
    if (error) return unavailable("no folder for temporary files: " + error.message());
    std::string name = (base / "sluice-conform-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return unavailable(name + ": " + errno_text(errno));
    return FreshFolder(std::move(name));
  }
  FreshFolder(FreshFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  FreshFolder& operator=(FreshFolder&&) = delete;
  ~FreshFolder() {
    std::error_code ignored;  // a folder left in /tmp is no reason to fail
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit FreshFolder(std::string path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

struct ComponentName {
  std::string kind;
  std::string id;
  [[nodiscard]] std::string label() const { return kind + " " + id; }
};

class Kit {
 public:
  Kit(const Options& options, const Fixture& fixture, Report& report)
      : options_(options), fixture_(fixture), report_(report) {}

  Status run() {
    for (const auto& check : static_checks()) SLUICE_RETURN_IF_ERROR(run_on_file(check));
    for (uint32_t i = 0; i < components_.size(); ++i) SLUICE_RETURN_IF_ERROR(run_component(i));
    if (components_.empty()) skip_components();
    return Status::ok();
  }

 private:
  [[nodiscard]] bool wanted(const Check& check) const {
    const auto& only = options_.only;
    return only.empty() || std::find(only.begin(), only.end(), check.id) != only.end();
  }

  void add(const Check& check, const std::string& component, const Status& status,
           std::chrono::milliseconds took = {}) {
    if (!wanted(check)) return;
    const Verdict verdict = status.is_ok()    ? Verdict::kPass
                            : is_skip(status) ? Verdict::kSkip
                                              : Verdict::kFail;
    report_.results.push_back({{check.id, check.description, check.level == Level::kMust},
                               component,
                               verdict,
                               status.message(),
                               took});
  }

  // S2, S5 and S3 decide whether the others may run, so they run even if not asked for.
  Status run_on_file(const Check& check) {
    const std::string_view id = check.id;
    const bool gate = id == "S2" || id == "S5" || id == "S3";
    if (!gate && !wanted(check)) return Status::ok();
    const bool needs_load = id == "S3" || id == "S4" || id == "S6";
    if (needs_load && !blocked_by_.empty()) {
      add(check, "", skip("not loadable: see " + blocked_by_));
      return Status::ok();
    }
    std::string payload;
    SLUICE_RETURN_IF_ERROR(run_one(check, 0, "", fixture_, &payload));
    const bool failed = !last_.is_ok() && !is_skip(last_);
    if (gate && failed && blocked_by_.empty()) blocked_by_ = id;
    if (id == "S3" && !failed) {
      std::istringstream lines(payload);
      for (ComponentName name; lines >> name.kind >> name.id;) components_.push_back(name);
    }
    return Status::ok();
  }

  Status run_component(uint32_t index) {
    const auto& name = components_[index];
    static const Fixture none;
    const bool ours = fixture_.component.empty() || fixture_.component == name.id;
    for (const auto& check : all_checks()) {
      const bool fits = check.scope == Scope::kComponent ||
                        (check.scope == Scope::kSource && name.kind == "source") ||
                        (check.scope == Scope::kSink && name.kind == "sink");
      if (!fits || !wanted(check)) continue;
      SLUICE_RETURN_IF_ERROR(run_one(check, index, name.label(), ours ? fixture_ : none, nullptr));
    }
    return Status::ok();
  }

  void skip_components() {
    for (const auto& check : all_checks()) {
      if (check.scope == Scope::kFile) continue;
      add(check, "", skip("its functions cannot be trusted to be called: see " + blocked_by_));
    }
  }

  // Errors are the kit's own (no temporary folder); the check's answer is in last_.
  Status run_one(const Check& check, uint32_t component, const std::string& label,
                 const Fixture& fixture, std::string* payload) {
    SLUICE_ASSIGN_OR_RETURN(const FreshFolder folder, FreshFolder::make());
    const auto body = [&](ChildEnv& env) -> Status {
      // An example configuration with relative paths writes there, too.
      if (env.alone() && ::chdir(folder.path().c_str()) != 0) {
        return unavailable(folder.path().string() + ": " + errno_text(errno));
      }
      Subject subject(options_.file, component, fixture, folder.path(), env);
      if (check.scope != Scope::kFile) {
        const auto loaded = subject.load();
        if (!loaded) return loaded.status();
      }
      return check.run(subject);
    };
    const auto started = std::chrono::steady_clock::now();
    last_ = options_.in_process ? run_in_process(body, payload)
                                : run_in_child(body, options_.time_limit, payload);
    add(check, label, last_,
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                              started));
    return Status::ok();
  }

  const Options& options_;
  const Fixture& fixture_;
  Report& report_;
  Status last_;
  std::string blocked_by_;  // the check that forbids to go on
  std::vector<ComponentName> components_;
};

Status check_ids(const std::vector<std::string>& only) {
  std::vector<std::string> known;
  for (const auto& check : all_checks()) known.emplace_back(check.id);
  for (const auto& id : only) {
    if (std::find(known.begin(), known.end(), id) == known.end()) {
      return invalid(fmt::format("unknown check \"{}\"; known are {}", id, fmt::join(known, ", ")));
    }
  }
  return Status::ok();
}

}  // namespace

bool Report::conforms() const {
  const bool broken = std::any_of(results.begin(), results.end(), [](const CheckResult& result) {
    return result.verdict == Verdict::kFail && result.check.must;
  });
  return !broken && count(Verdict::kPass) > 0;
}

size_t Report::count(Verdict verdict) const {
  return static_cast<size_t>(
      std::count_if(results.begin(), results.end(),
                    [verdict](const CheckResult& result) { return result.verdict == verdict; }));
}

std::vector<CheckInfo> list_checks() {
  std::vector<CheckInfo> infos;
  for (const auto& check : all_checks()) {
    infos.push_back({check.id, check.description, check.level == Level::kMust});
  }
  return infos;
}

Result<Report> conform(const Options& options) {
  SLUICE_RETURN_IF_ERROR(check_ids(options.only));
  Options absolute = options;
  std::error_code error;
  absolute.file = std::filesystem::canonical(options.file, error);
  if (error) return not_found(options.file.string() + ": " + error.message());
  Fixture fixture;
  if (options.fixture) {
    SLUICE_ASSIGN_OR_RETURN(fixture, read_fixture(*options.fixture));
  }
  Report report;
  report.file = options.file.string();
  SLUICE_RETURN_IF_ERROR(Kit(absolute, fixture, report).run());
  return report;
}

}  // namespace sluice::conform
