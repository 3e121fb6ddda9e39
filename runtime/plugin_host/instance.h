// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/base/stop.h"

namespace sluice {

class PluginLibrary;  // library.h: one loaded file, never unloaded

// One component of a loaded (or statically registered) plugin.
struct ComponentRef {
  std::shared_ptr<const PluginLibrary> library;
  const sluice_component* component = nullptr;
};

// What the pipeline does for the instances it drives: the host side of the ABI's extensions.
// Calls come from the instance's own driver thread unless tagged [any].
class HostServices {
 public:
  virtual ~HostServices() = default;
  virtual sluice_rc lane_open(std::string_view name, uint32_t* id, uint64_t* resume) = 0;
  virtual sluice_rc lane_done(uint32_t id) = 0;
  virtual sluice_rc cursor_get(sluice_str* out) = 0;
  virtual sluice_rc cursor_set(std::string_view blob) = 0;
  virtual sluice_rc lanes_assigned(std::span<const uint32_t> ids) = 0;
  virtual sluice_rc lanes_revoked(std::span<const uint32_t> ids, uint32_t limit_ms,
                                  sluice_mark* marks, uint32_t* n_marks) = 0;
  virtual sluice_rc lanes_lost(std::span<const uint32_t> ids) = 0;
  virtual sluice_rc epoch_current(uint32_t* /*epoch*/) { return SLUICE_E_CONFIG; }
  virtual sluice_rc epoch_resume(std::span<sluice_lane_place> /*places*/) {
    return SLUICE_E_CONFIG;
  }
  virtual sluice_rc columns_declare(std::span<const sluice_column* const> columns) = 0;
  virtual sluice_rc columns_cells(const sluice_batch& batch, const sluice_cell** out) = 0;
  virtual void metric(uint32_t index, double value) = 0;  // [any]
};

// Empty where it is absent.
inline std::string copied(const sluice_str& text) {
  return text.data == nullptr ? std::string() : std::string(text.data, text.size);
}

// Result of a plugin call: the code, and the plugin's words when it is negative.
struct CallResult {
  sluice_rc rc = SLUICE_OK;
  std::string message;
  uint16_t reason = SLUICE_REASON_NONE;
  uint32_t retry_after_ms = 0;
};

// Common to both kinds. The host struct given to the plugin logs through runtime/base/log with
// plugin and instance, rate-limited; stop() sets stopping()/wait()/stop_fd() and calls the plugin's
// stop. Every call is bracketed so that a crash inside is reported with plugin, instance and call,
// and out-of-range results are turned into errors and logged as misbehaviour.
class SourceInstance {
 public:
  // One lane of a consumer group.
  struct GroupLane {
    std::string lane;  // topic/number
    std::string group;
    std::string topic;
    uint64_t committed = 0;
    uint64_t end = 0;
    std::optional<int64_t> records;  // nothing: committed or end is not known
    int64_t captured_us = 0;
  };
  // How far behind the source is, over all its lanes; nothing where it does not know.
  struct Lag {
    std::optional<int64_t> records;  // the sum
    std::optional<double> seconds;   // the worst
    std::vector<GroupLane> lanes;    // those of consumer groups, at most so many
    static constexpr size_t kMostLanes = 10'000;
  };

  using PlaceVisitor = std::function<void(const sluice_lane_state&)>;

  // Completes and checks the configuration (defaults, schema; errors as JSON Pointer and text with
  // "did you mean"), then calls create. kInvalid: configuration.
  static Result<std::unique_ptr<SourceInstance>> create(ComponentRef component, std::string name,
                                                        std::string_view config_json,
                                                        HostServices& services);
  ~SourceInstance();  // destroy; every batch must have been released
  SourceInstance(const SourceInstance&) = delete;
  SourceInstance& operator=(const SourceInstance&) = delete;

  CallResult open();
  CallResult poll(uint32_t max_records, uint64_t max_bytes, uint32_t timeout_ms, sluice_batch* out);
  CallResult ack(std::span<const sluice_mark> marks);
  void stop();  // any thread
  // Through sluice.source.lag/1, after open and before close; any thread.
  [[nodiscard]] Lag lag();
  // Does another system keep its positions as well (sluice.source.places/1)?
  [[nodiscard]] bool keeps_places() const;
  // Where its lanes stand there, each given to `each`, whose argument lives for that call only.
  // After open, on an instance that is never polled; as store_places(). Only if keeps_places().
  CallResult list_places(int64_t at_us, const PlaceVisitor& each);
  CallResult store_places(std::span<const sluice_lane_state* const> places);
  CallResult close();
  // nullptr: the plugin does not offer it.
  [[nodiscard]] const void* extension(const char* id);
  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const sluice_component& component() const;

 private:
  struct Impl;
  explicit SourceInstance(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class SinkInstance {
 public:
  using MarkVisitor = std::function<void(const sluice_named_mark&)>;

  static Result<std::unique_ptr<SinkInstance>> create(ComponentRef component, std::string name,
                                                      std::string_view config_json,
                                                      HostServices& services);
  ~SinkInstance();
  SinkInstance(const SinkInstance&) = delete;
  SinkInstance& operator=(const SinkInstance&) = delete;

  CallResult open();
  // outcomes: batch.count of them; pre-filled here.
  CallResult write(const sluice_batch& batch, std::span<sluice_outcome> outcomes);
  // Does this instance offer sluice.sink.marks/1? Constant from create on.
  [[nodiscard]] bool keeps_marks() const;
  // As write, with marks in the same transaction: expect[i] and set[i] name the same mark. E_FENCED
  // in its result: another owner has moved a mark, nothing was applied. Only if keeps_marks().
  CallResult write_marked(const sluice_batch& batch, std::span<sluice_outcome> outcomes,
                          std::span<const sluice_named_mark* const> expect,
                          std::span<const sluice_named_mark* const> set);
  // The marks of a scope go to `each`, whose argument lives for that call only.
  CallResult read_marks(std::string_view scope, const MarkVisitor& each);
  CallResult reset_marks(std::string_view scope, uint32_t epoch);
  CallResult probe();  // through sluice.sink.probe/1; OK when the plugin has none
  void stop();         // any thread
  CallResult close();
  [[nodiscard]] const void* extension(const char* id);
  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const sluice_component& component() const;

 private:
  struct Impl;
  explicit SinkInstance(std::unique_ptr<Impl> impl);
  void find_marks();
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
