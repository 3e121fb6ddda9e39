// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>
#include <sluice/error.hpp>
#include <sluice/records.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sluice {
inline namespace sdk {
namespace detail {

// Turns a host function's negative answer into the exception that says the same.
inline void check_host(sluice_rc rc, std::string_view call) {
  if (rc >= 0) return;
  const std::string text =
      std::string(call) + " was refused by the host (" + std::to_string(rc) + ")";
  if (rc == SLUICE_E_RETRY) throw Transient(text);
  if (rc == SLUICE_E_CONFIG) throw BadConfig(text);
  throw Fatal(text);
}

}  // namespace detail

// A lane as the host knows it.
struct Lane {
  std::uint32_t id = 0;                 // for this run
  std::optional<std::uint64_t> resume;  // last settled position; nothing: start at the beginning
};

// The host's lanes, by durable name. Legal inside open and poll of the instance only.
class Lanes {
 public:
  Lanes(const sluice_host* host, const sluice_host_lanes* table) noexcept
      : host_(host), table_(table) {}

  [[nodiscard]] Lane open(std::string_view name) const {
    Lane lane;
    std::uint64_t resume = 0;
    const sluice_rc rc = table_->open(host_, str(name), &lane.id, &resume);
    detail::check_host(rc, "lanes.open");
    if (rc == SLUICE_OK) lane.resume = resume;
    return lane;
  }
  // No record of this lane will come again.
  void done(std::uint32_t id) const { detail::check_host(table_->done(host_, id), "lanes.done"); }
  // The blob stored with the marks; nothing when none was ever set.
  [[nodiscard]] std::optional<std::string> cursor() const {
    sluice_str blob{nullptr, 0};
    detail::check_host(table_->cursor_get(host_, &blob), "lanes.cursor_get");
    if (!present(blob)) return std::nullopt;
    return std::string(view(blob));
  }
  void set_cursor(std::string_view blob) const {
    detail::check_host(table_->cursor_set(host_, str(blob)), "lanes.cursor_set");
  }
  void assigned(std::span<const std::uint32_t> ids) const {
    detail::check_host(table_->assigned(host_, ids.data(), count(ids)), "lanes.assigned");
  }
  // Waits at most `limit` while the host settles what it can; gives the final marks.
  [[nodiscard]] std::vector<sluice_mark> revoked(std::span<const std::uint32_t> ids,
                                                 std::chrono::milliseconds limit) const {
    std::vector<sluice_mark> marks(ids.size());
    std::uint32_t n = count(ids);
    const auto limit_ms = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(static_cast<std::int64_t>(limit.count()), 0, INT32_MAX));
    detail::check_host(table_->revoked(host_, ids.data(), count(ids), limit_ms, marks.data(), &n),
                       "lanes.revoked");
    marks.resize(std::min<std::size_t>(n, marks.size()));
    return marks;
  }
  void lost(std::span<const std::uint32_t> ids) const {
    detail::check_host(table_->lost(host_, ids.data(), count(ids)), "lanes.lost");
  }

 private:
  static std::uint32_t count(std::span<const std::uint32_t> ids) noexcept {
    return static_cast<std::uint32_t>(ids.size());
  }
  const sluice_host* host_;
  const sluice_host_lanes* table_;
};

// Epochs of a source whose positions another system keeps as well; see sluice_host_epoch. Legal
// inside open and poll, current() also inside ack.
class Epochs {
 public:
  Epochs(const sluice_host* host, const sluice_host_epoch* table) noexcept
      : host_(host), table_(table) {}

  [[nodiscard]] std::uint32_t current() const {
    std::uint32_t epoch = 0;
    detail::check_host(table_->current(host_, &epoch), "epoch.current");
    return epoch;
  }
  // In: what the other system has of these lanes; out: where each goes on. Throws Transient while
  // the host cannot tell.
  void resume(std::span<sluice_lane_place> places) const {
    detail::check_host(
        table_->resume(host_, places.data(), static_cast<std::uint32_t>(places.size())),
        "epoch.resume");
  }

 private:
  const sluice_host* host_;
  const sluice_host_epoch* table_;
};

// A column a sink wants, by JSON Pointer ("" is the whole record).
struct Column {
  std::string pointer;
  std::uint32_t form = SLUICE_COLUMN_AUTO;
};

// A batch as a matrix of typed cells; borrowed until write returns.
class Cells {
 public:
  Cells(const sluice_cell* cells, std::size_t rows, std::size_t columns) noexcept
      : cells_(cells), rows_(rows), columns_(columns) {}
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] const sluice_cell& at(std::size_t row, std::size_t column) const noexcept {
    return cells_[row * columns_ + column];
  }
  [[nodiscard]] std::span<const sluice_cell> row(std::size_t i) const noexcept {
    return {cells_ + i * columns_, columns_};
  }

 private:
  const sluice_cell* cells_;
  std::size_t rows_;
  std::size_t columns_;
};

// The host's typed columns: declare once inside open, then read inside each write.
class Columns {
 public:
  Columns(const sluice_host* host, const sluice_host_columns* table) noexcept
      : host_(host), table_(table) {}

  void declare(std::span<const Column> columns) {
    std::vector<sluice_column> list;
    list.reserve(columns.size());
    for (const Column& column : columns) {
      list.push_back({sizeof(sluice_column), column.form, str(column.pointer)});
    }
    std::vector<const sluice_column*> pointers;
    pointers.reserve(list.size());
    for (const sluice_column& column : list) pointers.push_back(&column);
    detail::check_host(
        table_->declare(host_, pointers.data(), static_cast<std::uint32_t>(pointers.size())),
        "columns.declare");
    count_ = columns.size();
  }
  [[nodiscard]] Cells cells(const Batch& batch) const {
    const sluice_cell* cells = nullptr;
    detail::check_host(table_->cells(host_, &batch.raw(), &cells), "columns.cells");
    return {cells, batch.size(), count_};
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  const sluice_host* host_;
  const sluice_host_columns* table_;
  std::size_t count_ = 0;
};

// What the host offers to one instance. Cheap to copy; valid as long as the instance. Every
// function is legal on any thread, except those of lanes() and columns().
class Context {
 public:
  explicit Context(const sluice_host* host) noexcept : host_(host) {}

  [[nodiscard]] std::string_view name() const noexcept { return host_->name; }

  [[nodiscard]] bool log_enabled(std::int32_t level) const noexcept {
    return host_->log_enabled(host_, level) != 0;
  }
  void log(std::int32_t level, std::string_view text) const noexcept {
    host_->log(host_, level, str(text));
  }
  void debug(std::string_view text) const noexcept { log(SLUICE_LOG_DEBUG, text); }
  void info(std::string_view text) const noexcept { log(SLUICE_LOG_INFO, text); }
  void warn(std::string_view text) const noexcept { log(SLUICE_LOG_WARN, text); }
  void error(std::string_view text) const noexcept { log(SLUICE_LOG_ERROR, text); }

  [[nodiscard]] bool stopping() const noexcept { return host_->stopping(host_) != 0; }
  // Sleeps; true as soon as stop is asked. At most 2^32 - 1 ms at once.
  bool wait(std::chrono::milliseconds time) const noexcept {
    const auto ms =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(time.count()), 0, UINT32_MAX);
    return host_->wait(host_, static_cast<std::uint32_t>(ms)) != 0;
  }
  // Becomes readable when stop is asked, for poll(2); -1: none.
  [[nodiscard]] int stop_fd() const noexcept { return host_->stop_fd(host_); }

  // Counter: adds. Gauge: sets. Histogram: observes.
  template <typename E>
  requires std::is_enum_v<E>
  void metric(E index, double value) const noexcept {
    host_->metric(host_, static_cast<std::uint32_t>(index), value);
  }

  // A constant table of functions by id; nullptr when the host does not know it.
  [[nodiscard]] const void* extension(const char* id) const noexcept {
    return SLUICE_HAS(host_, sluice_host, extension) ? host_->extension(host_, id) : nullptr;
  }
  // Sources only; every host offers it to them.
  [[nodiscard]] Lanes lanes() const {
    const auto* table = static_cast<const sluice_host_lanes*>(extension(SLUICE_EXT_HOST_LANES));
    if (table == nullptr || !SLUICE_HAS(table, sluice_host_lanes, lost)) {
      throw Fatal("the host does not offer " SLUICE_EXT_HOST_LANES);
    }
    return {host_, table};
  }
  // Sources only; nothing when the host does not count epochs.
  [[nodiscard]] std::optional<Epochs> try_epochs() const noexcept {
    const auto* table = static_cast<const sluice_host_epoch*>(extension(SLUICE_EXT_HOST_EPOCH));
    if (table == nullptr || !SLUICE_HAS(table, sluice_host_epoch, resume)) return std::nullopt;
    return Epochs(host_, table);
  }
  // Sinks only; nothing when the host does not offer it.
  [[nodiscard]] std::optional<Columns> try_columns() const noexcept {
    const auto* table = static_cast<const sluice_host_columns*>(extension(SLUICE_EXT_HOST_COLUMNS));
    if (table == nullptr || !SLUICE_HAS(table, sluice_host_columns, cells)) return std::nullopt;
    return Columns(host_, table);
  }
  [[nodiscard]] Columns columns() const {
    if (auto columns = try_columns()) return *columns;
    throw Fatal("the host does not offer " SLUICE_EXT_HOST_COLUMNS);
  }

  [[nodiscard]] const sluice_host& raw() const noexcept { return *host_; }

 private:
  const sluice_host* host_;
};

}  // namespace sdk
}  // namespace sluice
