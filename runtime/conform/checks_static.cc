// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/conform/checks.h"
#include "runtime/conform/elf_view.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/process_view.h"
#include "runtime/plugin_host/descriptor_check.h"
#include "runtime/plugin_host/elf_reader.h"
#include "runtime/plugin_host/schema_lint.h"

namespace sluice::conform {

namespace {

constexpr uint64_t kMaxFileBytes = 1ULL << 30;

Result<PluginFileEntry> entry_in_file(const std::string& bytes) {
  return read_plugin_entry({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

Status one_symbol(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto bytes, read_file(subject.file(), kMaxFileBytes));
  SLUICE_ASSIGN_OR_RETURN(const auto entry, entry_in_file(bytes));
  (void)entry;
  SLUICE_ASSIGN_OR_RETURN(const auto view, view_elf(bytes));
  if (view.exported.size() == 1) return Status::ok();
  return fail(fmt::format(
      "{} exported symbols, expected " SLUICE_ENTRY_SYMBOL " alone: {}; link with a version script",
      view.exported.size(), shorten(fmt::format("{}", fmt::join(view.exported, ", ")), 300)));
}

Status versions_agree(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto bytes, read_file(subject.file(), kMaxFileBytes));
  SLUICE_ASSIGN_OR_RETURN(const auto in_file, entry_in_file(bytes));
  SLUICE_RETURN_IF_ERROR(judge_plugin_entry(in_file));
  const auto loaded = subject.load();
  if (!loaded) return Status::ok();  // S5 tells
  const sluice_plugin_entry& entry = **loaded;
  const PluginFileEntry in_memory = {entry.magic, entry.struct_size, entry.abi_major,
                                     entry.abi_minor, entry.min_host_minor};
  SLUICE_EXPECT(in_memory == in_file,
                fmt::format("the entry in memory (ABI {}.{}, {} bytes) is not the one in the file "
                            "(ABI {}.{}, {} bytes): something changes it while loading",
                            in_memory.abi_major, in_memory.abi_minor, in_memory.struct_size,
                            in_file.abi_major, in_file.abi_minor, in_file.struct_size));
  return Status::ok();
}

// The descriptor check tells everything at once; the kit tells schemas, examples, reasons and
// metrics (S4) apart from the rest (S3).
struct Problems {
  std::vector<std::string> structure;
  std::vector<std::string> content;
};

Result<Problems> find_problems(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto* entry, subject.load());
  Problems problems;
  const auto all = check_descriptors(entry);
  std::set<std::string> lint;
  const bool readable = std::none_of(all.begin(), all.end(), [](const std::string& problem) {
    return problem.find("cannot be read") != std::string::npos ||
           problem.find("struct_size is") != std::string::npos ||
           problem.find("is NULL, expected text") != std::string::npos;
  });
  for (uint32_t i = 0; readable && i < entry->component_count; ++i) {
    for (auto& problem : lint_config_schema(entry->components[i]->config_schema)) {
      lint.insert(std::move(problem));
    }
  }
  for (const auto& problem : all) {
    const size_t colon = problem.find(": ");
    const auto where = std::string_view(problem).substr(0, colon);
    const std::string what = colon == std::string::npos ? "" : problem.substr(colon + 2);
    const bool content = where.find(", reason ") != std::string_view::npos ||
                         where.find(", metric ") != std::string_view::npos ||
                         what.starts_with("example_config does not fit") || lint.contains(what);
    (content ? problems.content : problems.structure).push_back(problem);
  }
  return problems;
}

Status report(const std::vector<std::string>& problems) {
  if (problems.empty()) return Status::ok();
  return fail(fmt::format("{}", fmt::join(problems, "; ")));
}

Status descriptors_are_sound(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto problems, find_problems(subject));
  if (problems.structure.empty()) {
    SLUICE_ASSIGN_OR_RETURN(const auto* entry, subject.load());
    for (uint32_t i = 0; i < entry->component_count; ++i) {
      const auto& component = *entry->components[i];
      subject.env().payload += (component.kind == SLUICE_KIND_SOURCE ? "source " : "sink ") +
                               std::string(component.id) + "\n";
    }
  }
  return report(problems.structure);
}

Status schemas_are_usable(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto problems, find_problems(subject));
  return report(problems.content);
}

Status links_cleanly(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto bytes, read_file(subject.file(), kMaxFileBytes));
  SLUICE_ASSIGN_OR_RETURN(const auto view, view_elf(bytes));
  for (const auto& path : view.run_paths) {
    SLUICE_EXPECT(path.starts_with("$ORIGIN") || path.starts_with("${ORIGIN}"),
                  "the run path " + path + " lies outside of $ORIGIN; remove it");
  }
  SLUICE_EXPECT(!view.executable_stack,
                "it asks for an executable stack; link with "
                "-Wl,-z,noexecstack");
  const auto loaded = subject.load();
  return loaded ? Status::ok() : loaded.status();
}

Status loads_quietly(Subject& subject) {
  constexpr int64_t kLimitMs = kSanitized ? 2000 : 100;
  const auto threads = thread_count();
  const auto descriptors = open_descriptors();
  const auto queued = time_in_run_queue();
  const auto started = std::chrono::steady_clock::now();
  const auto loaded = subject.load();
  if (!loaded) return loaded.status();
  // Time in the run queue is the machine's doing.
  const auto took = std::chrono::steady_clock::now() - started - (time_in_run_queue() - queued);
  SLUICE_EXPECT(thread_count() <= threads, "loading it started a thread");
  SLUICE_EXPECT(open_descriptors() == descriptors, "loading it left a descriptor open");
  std::string printed;
  append_escaped(printed, shorten(subject.env().printed(), 200));
  SLUICE_EXPECT(printed.empty(), "loading it printed: \"" + printed + "\"");
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  SLUICE_EXPECT(ms <= kLimitMs,
                fmt::format("loading took {} ms, expected at most {} ms", ms, kLimitMs));
  return Status::ok();
}

constexpr std::array kStaticChecks = {
    Check{"S1", "a shared library for this machine that exports exactly one symbol", Level::kMust,
          Scope::kFile, one_symbol},
    Check{"S2", "magic, size and versions suit this host, and are the same in file and memory",
          Level::kMust, Scope::kFile, versions_agree},
    Check{"S5", "no undefined symbols, no run path outside of $ORIGIN, no executable stack",
          Level::kMust, Scope::kFile, links_cleanly},
    Check{"S3", "descriptors are complete: strings, ids, required slots, nothing twice",
          Level::kMust, Scope::kFile, descriptors_are_sound},
    Check{"S4",
          "the configuration schema is sound, the example fits it, reasons and metrics are "
          "well formed",
          Level::kMust, Scope::kFile, schemas_are_usable},
    Check{"S6", "loading is quick, starts no thread, leaves no file open and prints nothing",
          Level::kMust, Scope::kFile, loads_quietly},
};

}  // namespace

std::span<const Check> static_checks() { return kStaticChecks; }

}  // namespace sluice::conform
