// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/arena.h"
#include "runtime/record/document.h"

namespace sluice {
namespace script {
class Observer;
}

// Caps of one call (and of one Lua state, for memory).
struct ScriptLimits {
  int64_t cpu_us = 100'000;     // thread CPU time
  int64_t wall_us = 1'000'000;  // backstop
  uint64_t memory_bytes = 64ULL << 20;
  uint64_t instructions = 10'000'000;
  uint64_t output_bytes = 1ULL << 20;  // all parts together
  uint32_t emitted = 1000;
  uint32_t log_lines = 100;
  uint32_t depth = 128;  // nesting of a result
};

// Counts by cap.
struct ScriptCaps {
  uint64_t memory = 0;
  uint64_t instructions = 0;
  uint64_t cpu = 0;
  uint64_t wall = 0;
};

// What a script may know of its record (the `meta` argument). Borrowed for the call.
struct RecordMeta {
  std::string_view tenant;
  std::string_view pipeline;
  std::string_view source;
  std::string_view lane;
  uint64_t position = 0;
  std::string_view key;
  bool has_key = false;
  int64_t time_us = 0;  // event time, or of receipt when there is none; a redrive has the same
  std::string_view schema_version;
  struct Header {
    std::string_view key;
    std::string_view value;
  };
  const Header* headers = nullptr;
  uint32_t header_count = 0;
};

// One record that came out of a script; text in the arena given to run().
struct ScriptPart {
  std::string_view value;  // JSON, one line
  std::string_view key;    // when has_key
  std::string_view sink;   // route; empty: all sinks
  bool has_key = false;
};

enum class ScriptOutcome { kParts, kFiltered, kRejected };

struct ScriptResult {
  ScriptOutcome outcome = ScriptOutcome::kParts;
  // kRejected: "TRANSFORM_ERROR" (error, cap, bad return value) or "REJECTED_BY_SCRIPT"
  // (sluice.reject).
  std::string_view reason;
  std::string detail;  // with file:line, and the script's own code and text
  // REJECTED_BY_SCRIPT: the first bytes of `detail` are the script's own code; ": " and its text
  // may follow.
  uint32_t code_bytes = 0;
};

// A script file, compiled and checked (it loads, `transform` is a function) but not bound to a
// thread. Immutable.
class Script {
 public:
  // `lib_root` is the folder above `lib/` for require; normally the script's own folder. Errors:
  // file:line of a syntax error, no transform function, an error or a cap while loading.
  static Result<std::shared_ptr<const Script>> load(const std::filesystem::path& path,
                                                    const ScriptLimits& limits);
  static Result<std::shared_ptr<const Script>> from_text(std::string name, std::string text,
                                                         const std::filesystem::path& lib_root,
                                                         const ScriptLimits& limits);
  virtual ~Script() = default;
  [[nodiscard]] virtual const std::string& hash() const = 0;  // over the script and its libraries
  [[nodiscard]] virtual const std::string& name() const = 0;
};

// A counter of sluice.count(): [a-z0-9_]{1,64}; a script has at most 64.
struct ScriptCount {
  std::string name;
  uint64_t count = 0;
};

// A Lua state with the script loaded: one a worker. Not thread-safe. Throws nothing.
class ScriptRunner {
 public:
  static Result<std::unique_ptr<ScriptRunner>> create(std::shared_ptr<const Script> script);
  virtual ~ScriptRunner() = default;

  // Runs transform(r, meta) on the parsed record (transform_batch with this record alone, if the
  // script has it). Parts are appended to `parts`, their text lies in
  // `arena`. On anything but kParts `parts` is as before. A state that hit a cap is thrown away and
  // the record tried once more in a fresh one; only a second hit rejects it. The document is
  // changed by the call; parse again before using it for something else.
  virtual ScriptResult run(Document& document, const RecordMeta& meta, Arena& arena,
                           std::vector<ScriptPart>& parts) = 0;

  // A record of a call for several, and what became of it.
  struct BatchItem {
    Document* document = nullptr;
    const RecordMeta* meta = nullptr;
    ScriptResult result;
    size_t first_part = 0;  // in `parts`
    size_t parts = 0;
  };
  // How many records a call of run_batch takes; 0: the script has no transform_batch.
  [[nodiscard]] virtual uint32_t batch_records() const = 0;
  // Runs transform_batch(rs, metas) on the records together, all living until it returns. If the
  // script raises an error or hits a cap, each record is tried by itself, so that only those
  // which fail alone are rejected.
  virtual void run_batch(std::span<BatchItem> items, Arena& arena,
                         std::vector<ScriptPart>& parts) = 0;

  [[nodiscard]] virtual uint64_t memory_bytes() const = 0;
  // States thrown away so far because of a cap, by the cap.
  [[nodiscard]] virtual const ScriptCaps& caps_hit() const = 0;

  // For tools: the record after this begins in a fresh state that the observer watches (null: no
  // longer). It must outlive the runner or be taken away.
  virtual void observe(script::Observer* observer) = 0;

  // What sluice.count() added up in calls that gave parts or filtered their record; the caller sets
  // it to 0 when it has taken it over. Valid until the next run().
  virtual std::span<ScriptCount> counts() = 0;

  // For benchmarks: while on, the time run() spends writing results out is added up.
  virtual void measure_rendering(bool on) = 0;
  [[nodiscard]] virtual uint64_t rendering_ns() const = 0;
};

}  // namespace sluice
