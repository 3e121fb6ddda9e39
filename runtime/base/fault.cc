// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/fault.h"

#ifdef SLUICE_FAULT_POINTS

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/base/unique_fd.h"

extern "C" {
// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier): the linker's names
extern sluice::fault::Point __start_sluice_faults[] __attribute__((weak));
extern sluice::fault::Point __stop_sluice_faults[] __attribute__((weak));
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)
}

namespace sluice::fault {
namespace {

struct Plan {
  std::string name;
  uint64_t first = 1;
  uint64_t count = 1;
  int error = 0;  // 0: kill
};

// A slip in a test's environment must not pass for a fault that was never reached.
[[noreturn]] void refuse(std::string_view what, std::string_view text) {
  const std::string message =
      "SLUICE_FAULT: " + std::string(what) + ": " + std::string(text) + "\n";
  static_cast<void>(::write(STDERR_FILENO, message.data(), message.size()) < 0);
  ::_exit(2);
}

bool known(std::string_view name) {
  for (const Point* point = __start_sluice_faults; point != __stop_sluice_faults; ++point) {
    if (name == point->name()) return true;
  }
  return false;
}

uint64_t number(std::string_view text, std::string_view all) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) refuse("not a number", all);
  return value;
}

Plan parse_plan(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) refuse("expected NAME[@N[+K]]=kill|enospc|eio", text);
  std::string_view name = text.substr(0, equals);
  const std::string_view how = text.substr(equals + 1);
  Plan plan;
  if (const size_t at = name.find('@'); at != std::string_view::npos) {
    std::string_view first = name.substr(at + 1);
    name = name.substr(0, at);
    if (const size_t plus = first.find('+'); plus != std::string_view::npos) {
      plan.count = number(first.substr(plus + 1), text);
      first = first.substr(0, plus);
    }
    plan.first = number(first, text);
  }
  plan.name = name;
  if (!known(name)) refuse("no such point", name);
  if (how == "enospc") {
    plan.error = ENOSPC;
  } else if (how == "eio") {
    plan.error = EIO;
  } else if (how != "kill") {
    refuse("expected kill, enospc or eio", how);
  }
  return plan;
}

struct Settings {
  std::vector<Plan> plans;
  UniqueFd trace;

  Settings() {
    if (const char* file = std::getenv("SLUICE_FAULT_TRACE"); file != nullptr) {
      trace.reset(::open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
      if (!trace) refuse("cannot open the trace", file);
    }
    const char* text = std::getenv("SLUICE_FAULT");
    for (std::string_view rest = text != nullptr ? text : ""; !rest.empty();) {
      const size_t comma = rest.find(',');
      plans.push_back(parse_plan(rest.substr(0, comma)));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
};

const Settings& settings() {
  static const Settings from_environment;
  return from_environment;
}

void trace(const char* name) {
  const int fd = settings().trace.get();
  if (fd < 0) return;
  const std::string line = std::string(name) + "\n";
  static_cast<void>(::write(fd, line.data(), line.size()) < 0);
}

// Before main, so that no program has to know of it; and so that a plan is refused at once.
__attribute__((constructor)) void read_environment() {
  const char* text = std::getenv("SLUICE_FAULT");
  if (text == nullptr) return;
  if (std::string_view(text) != "list") {
    settings();
    return;
  }
  std::string names;
  for (const Point* point = __start_sluice_faults; point != __stop_sluice_faults; ++point) {
    names.append(point->name()).append("\n");
  }
  static_cast<void>(::write(STDOUT_FILENO, names.data(), names.size()) < 0);
  ::_exit(0);
}

}  // namespace

Status Point::pass() {
  const uint64_t passing = passed_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (passing == 1) trace(name_);
  for (const Plan& plan : settings().plans) {
    if (plan.name != name_ || passing < plan.first || passing - plan.first >= plan.count) continue;
    if (plan.error != 0) {
      return {plan.error == ENOSPC ? Code::kExhausted : Code::kUnavailable,
              std::string("fault point ") + name_ + ": " + errno_text(plan.error)};
    }
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
  return Status::ok();
}

}  // namespace sluice::fault

#endif
