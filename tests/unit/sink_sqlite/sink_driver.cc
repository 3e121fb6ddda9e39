// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_sqlite/sink_driver.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <set>

namespace sluice::test {
namespace {

std::string text_of(sluice_str s) {
  return s.data == nullptr ? std::string() : std::string(s.data, s.size);
}

}  // namespace

SinkHost::SinkHost() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) == 0) {
    stop_read_ = ends[0];
    stop_write_ = ends[1];
  }
  host_.struct_size = sizeof host_;
  host_.abi_major = SLUICE_ABI_MAJOR;
  host_.abi_minor = SLUICE_ABI_MINOR;
  host_.ctx = this;
  host_.name = "under-test";
  host_.log_enabled = [](const sluice_host*, int32_t) { return 1; };
  host_.log = [](const sluice_host* h, int32_t, sluice_str text) {
    const std::lock_guard lock(of(h).log_mutex_);
    of(h).logs.push_back(text_of(text));
  };
  host_.stopping = [](const sluice_host* h) { return of(h).stopping_ ? 1 : 0; };
  host_.wait = [](const sluice_host* h, uint32_t) {
    SinkHost& self = of(h);
    ++self.waits;
    if (self.stop_at_wait_) self.ask_stop();
    return self.stopping_ ? 1 : 0;
  };
  host_.stop_fd = [](const sluice_host* h) { return of(h).stop_read_; };
  host_.metric = [](const sluice_host* h, uint32_t index, double value) {
    of(h).metrics[index] += value;
  };
  host_.extension = [](const sluice_host*, const char* id) -> const void* {
    static constexpr sluice_host_columns kColumns{
        sizeof(sluice_host_columns), 0,
        [](const sluice_host* h, const sluice_column* const* list, uint32_t n) {
          return of(h).columns.declare(list, n);
        },
        [](const sluice_host* h, const sluice_batch* batch, const sluice_cell** out) {
          return of(h).columns.cells(batch, out);
        }};
    return std::strcmp(id, SLUICE_EXT_HOST_COLUMNS) == 0 ? &kColumns : nullptr;
  };
}

SinkHost::~SinkHost() {
  ::close(stop_read_);
  ::close(stop_write_);
}

void SinkHost::ask_stop() {
  stopping_ = true;
  EXPECT_EQ(1, ::write(stop_write_, "x", 1));
}

void SinkHost::take_stop_back() {
  stopping_ = false;
  char byte = 0;
  EXPECT_EQ(1, ::read(stop_read_, &byte, 1));
}

Records::Records(std::initializer_list<const char*> values) {
  for (const char* value : values) add(value);
}

Records& Records::add(std::string value) {
  values_.push_back({false, std::move(value)});
  return *this;
}

Records& Records::add_tombstone(std::string key) {
  values_.push_back({true, std::move(key)});
  return *this;
}

sluice_batch Records::batch() {
  wide_.assign(values_.size(), Wide{});
  for (size_t i = 0; i < values_.size(); ++i) {
    const Own& own = values_[i];
    Wide& wide = wide_[i];
    std::memset(wide.beyond, 0xA5, sizeof wide.beyond);
    wide.record.position = i + 1;
    if (own.tombstone) {
      wide.record.flags = SLUICE_RECORDF_DELETE;
      wide.record.key = {own.text.data(), own.text.size()};
    } else {
      wide.record.value = {own.text.data(), own.text.size()};
    }
  }
  sluice_batch out{};
  out.struct_size = sizeof out;
  out.stride = sizeof(Wide);
  out.count = static_cast<uint32_t>(values_.size());
  out.records = wide_.empty() ? nullptr : &wide_[0].record;
  out.origin = "source";
  return out;
}

SinkDriver::SinkDriver(const sluice_component& component)
    : component_(component), ops_(*static_cast<const sluice_sink_ops*>(component.ops)) {}

SinkDriver::~SinkDriver() { destroy(); }

void SinkDriver::destroy() {
  if (sink_ != nullptr) ops_.destroy(sink_);
  sink_ = nullptr;
}

sluice_rc SinkDriver::keep_error(sluice_rc rc, const sluice_error& error) {
  error_ = error.message;
  if (rc < 0) {
    EXPECT_FALSE(error_.empty()) << "a failure without a message";
  }
  return rc;
}

namespace {

sluice_error fresh_error() {
  sluice_error error{};
  error.struct_size = sizeof error;
  error.reason = SLUICE_REASON_NONE;
  return error;
}

}  // namespace

sluice_rc SinkDriver::create(std::string_view config) {
  destroy();
  host_.columns.declared.clear();  // those of the former instance
  sluice_error error = fresh_error();
  return keep_error(ops_.create(host_.host(), {config.data(), config.size()}, &sink_, &error),
                    error);
}

sluice_rc SinkDriver::open() {
  sluice_error error = fresh_error();
  return keep_error(ops_.open(sink_, &error), error);
}

sluice_rc SinkDriver::start(std::string_view config) {
  const sluice_rc rc = create(config);
  return rc == SLUICE_OK ? open() : rc;
}

sluice_rc SinkDriver::write(Records records) {
  return write_with(records,
                    [&](const sluice_batch* batch, sluice_outcome* outcomes, sluice_error* error) {
                      return ops_.write(sink_, batch, outcomes, error);
                    });
}

const sluice_sink_marks* SinkDriver::table_of_marks() const {
  return static_cast<const sluice_sink_marks*>(ops_.extension(sink_, SLUICE_EXT_SINK_MARKS));
}

sluice_rc SinkDriver::write_marked(Records records, const std::vector<Move>& moves) {
  std::vector<sluice_named_mark> marks;
  std::vector<const sluice_named_mark*> expect;
  std::vector<const sluice_named_mark*> set;
  const auto mark = [](const Move& move, std::optional<uint64_t> position) {
    return sluice_named_mark{sizeof(sluice_named_mark),
                             move.epoch,
                             {move.scope.data(), move.scope.size()},
                             {move.lane.data(), move.lane.size()},
                             position.value_or(0),
                             position ? 1U : 0U,
                             0};
  };
  for (const Move& move : moves) {
    marks.push_back(mark(move, move.expect));
    marks.push_back(mark(move, move.set));
  }
  for (size_t i = 0; i < marks.size(); i += 2) {
    expect.push_back(&marks[i]);
    set.push_back(&marks[i + 1]);
  }
  return write_with(
      records, [&](const sluice_batch* batch, sluice_outcome* outcomes, sluice_error* error) {
        return table_of_marks()->write_marked(sink_, batch, outcomes, expect.data(), set.data(),
                                              static_cast<uint32_t>(moves.size()), error);
      });
}

std::string SinkDriver::marks(const std::string& scope) {
  std::set<std::string> found;
  sluice_error error = fresh_error();
  const auto each = [](void* ctx, const sluice_named_mark* mark) {
    static_cast<std::set<std::string>*>(ctx)->insert(text_of(mark->lane) + "@" +
                                                     std::to_string(mark->epoch) + "=" +
                                                     std::to_string(mark->position));
  };
  EXPECT_EQ(SLUICE_OK,
            table_of_marks()->read_marks(sink_, {scope.data(), scope.size()}, each, &found, &error))
      << error.message;
  std::string out;
  for (const std::string& mark : found) out += (out.empty() ? "" : " ") + mark;
  return out;
}

sluice_rc SinkDriver::reset_marks(const std::string& scope, uint32_t epoch) {
  sluice_error error = fresh_error();
  return keep_error(
      table_of_marks()->reset_marks(sink_, {scope.data(), scope.size()}, epoch, &error), error);
}

template <typename Call>
sluice_rc SinkDriver::write_with(Records& records, const Call& call) {
  sluice_batch batch = records.batch();
  const sluice_outcome unset{SLUICE_REC_UNSET, SLUICE_REASON_NONE, 0, 0, 0, {nullptr, 0}};
  std::vector<sluice_outcome> outcomes(batch.count + 1, unset);
  sluice_error error = fresh_error();
  const sluice_rc rc = keep_error(call(&batch, outcomes.data(), &error), error);
  EXPECT_EQ(SLUICE_REC_UNSET, outcomes.back().verdict) << "written past the outcomes";
  outcomes.pop_back();
  said_.clear();
  for (const sluice_outcome& outcome : outcomes) {
    Said said{outcome.verdict, "", "", outcome.flags, text_of(outcome.detail)};
    if (outcome.reason != SLUICE_REASON_NONE) {
      EXPECT_LT(outcome.reason, component_.reason_count);
      const sluice_reason& reason = *component_.reasons[outcome.reason];
      EXPECT_EQ(reason.verdict, outcome.verdict) << reason.code;
      said.reason = reason.code;
      said.maps_to = reason.maps_to;
    }
    said_.push_back(std::move(said));
  }
  return rc;
}

std::string SinkDriver::words() const {
  std::string out;
  for (const Said& said : said_) {
    if (!out.empty()) out += ' ';
    if (said.verdict == SLUICE_REC_UNSET) {
      out += "unset";
    } else if (said.verdict != SLUICE_REC_OK) {
      out += said.reason;
    } else if ((said.flags & SLUICE_RECF_DUPLICATE) != 0) {
      out += "duplicate";
    } else {
      out += (said.flags & SLUICE_RECF_SUPERSEDED) != 0 ? "superseded" : "ok";
    }
  }
  return out;
}

sluice_rc SinkDriver::probe() {
  const auto* table =
      static_cast<const sluice_sink_probe*>(ops_.extension(sink_, SLUICE_EXT_SINK_PROBE));
  if (table == nullptr) return SLUICE_IDLE;
  sluice_error error = fresh_error();
  return keep_error(table->probe(sink_, &error), error);
}

sluice_rc SinkDriver::close() {
  sluice_error error = fresh_error();
  return keep_error(ops_.close(sink_, &error), error);
}

}  // namespace sluice::test
