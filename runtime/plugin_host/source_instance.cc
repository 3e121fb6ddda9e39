// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/guest.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

struct SourceInstance::Impl {
  std::unique_ptr<Guest> guest;
  const sluice_source_ops* ops = nullptr;
  sluice_source* handle = nullptr;
  const sluice_source_lag* lag = nullptr;        // may be nullptr
  const sluice_source_places* places = nullptr;  // likewise
};

namespace {

constexpr std::initializer_list<sluice_rc> kUsual = {SLUICE_OK, SLUICE_CANCELLED, SLUICE_E_RETRY,
                                                     SLUICE_E_CONFIG, SLUICE_E_FATAL};
constexpr std::initializer_list<sluice_rc> kPoll = {
    SLUICE_OK,      SLUICE_IDLE,     SLUICE_END,    SLUICE_CANCELLED,
    SLUICE_E_RETRY, SLUICE_E_CONFIG, SLUICE_E_FATAL};

// What is wrong with a batch, or nullptr.
const char* flaw(const sluice_batch& batch, uint32_t max_records) {
  if (batch.count > max_records) return "more records than were asked for";
  if (batch.count == 0) return nullptr;
  if (batch.records == nullptr) return "records is NULL";
  if (batch.stride < sizeof(sluice_record)) return "stride is shorter than a record";
  if (batch.stride % alignof(sluice_record) != 0) return "stride is not a multiple of 8";
  if (batch.release == nullptr) return "release is NULL";
  return nullptr;
}

void add_group_lane(SourceInstance::Lag& lag, const sluice_lane_lag& from) {
  if (!SLUICE_HAS(&from, sluice_lane_lag, captured_us) || from.group.data == nullptr) return;
  if (lag.lanes.size() >= SourceInstance::Lag::kMostLanes) return;
  SourceInstance::GroupLane lane;
  lane.lane = copied(from.name);
  lane.group = copied(from.group);
  lane.topic = copied(from.topic);
  lane.committed = from.committed;
  lane.end = from.end;
  if (from.records_behind >= 0) lane.records = from.records_behind;
  lane.captured_us = from.captured_us;
  lag.lanes.push_back(std::move(lane));
}

// Adds one lane to the whole.
void add_lag(void* whole, const sluice_lane_lag* lane) {
  auto& lag = *static_cast<SourceInstance::Lag*>(whole);
  if (lane->records_behind >= 0) lag.records = lag.records.value_or(0) + lane->records_behind;
  if (lane->seconds_behind >= 0) {
    lag.seconds = std::max(lag.seconds.value_or(0), lane->seconds_behind);
  }
  add_group_lane(lag, *lane);
}

void visit_place(void* visitor, const sluice_lane_state* state) {
  (*static_cast<const SourceInstance::PlaceVisitor*>(visitor))(*state);
}

void let_go(sluice_batch* batch) {
  if (batch->release != nullptr) batch->release(batch);
  *batch = {};
  batch->struct_size = sizeof(sluice_batch);
}

}  // namespace

SourceInstance::SourceInstance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SourceInstance::~SourceInstance() {
  if (impl_ == nullptr || impl_->handle == nullptr) return;
  impl_->guest->bracket("destroy", [&] { impl_->ops->destroy(impl_->handle); });
}

Result<std::unique_ptr<SourceInstance>> SourceInstance::create(ComponentRef component,
                                                               std::string name,
                                                               std::string_view config_json,
                                                               HostServices& services) {
  auto guest =
      make_guest(std::move(component), SLUICE_KIND_SOURCE, std::move(name), config_json, services);
  if (!guest) return std::move(guest).status();
  auto impl = std::make_unique<Impl>();
  impl->guest = std::move(*guest);
  impl->ops = static_cast<const sluice_source_ops*>(impl->guest->component().ops);
  const std::string& config = impl->guest->config();
  CallResult result = impl->guest->call("create", kUsual, [&](sluice_error* error) {
    return impl->ops->create(impl->guest->host().abi(), {config.data(), config.size()},
                             &impl->handle, error);
  });
  if (result.rc == SLUICE_OK && impl->handle == nullptr) {
    result = impl->guest->breach("create", "it returned OK without an instance");
  }
  if (result.rc != SLUICE_OK) {
    impl->handle = nullptr;  // whatever a failed create left there is not an instance
    return create_error(*impl->guest, result);
  }
  if (impl->ops->extension != nullptr) {
    impl->lag = static_cast<const sluice_source_lag*>(impl->guest->bracket(
        "extension", [&] { return impl->ops->extension(impl->handle, SLUICE_EXT_SOURCE_LAG); }));
    impl->places = static_cast<const sluice_source_places*>(impl->guest->bracket(
        "extension", [&] { return impl->ops->extension(impl->handle, SLUICE_EXT_SOURCE_PLACES); }));
  }
  return std::unique_ptr<SourceInstance>(
      new SourceInstance(std::move(impl)));  // NOLINT: private constructor
}

CallResult SourceInstance::open() {
  return impl_->guest->call(
      "open", kUsual, [&](sluice_error* error) { return impl_->ops->open(impl_->handle, error); });
}

CallResult SourceInstance::poll(uint32_t max_records, uint64_t max_bytes, uint32_t timeout_ms,
                                sluice_batch* out) {
  *out = {};
  out->struct_size = sizeof(sluice_batch);
  CallResult result = impl_->guest->call("poll", kPoll, [&](sluice_error* error) {
    return impl_->ops->poll(impl_->handle, max_records, max_bytes, timeout_ms, out, error);
  });
  if (result.rc != SLUICE_OK) {
    if (out->count != 0) impl_->guest->host().misbehaved("poll", "a batch came without OK");
    let_go(out);
    return result;
  }
  if (const char* problem = flaw(*out, max_records)) {
    let_go(out);
    return impl_->guest->breach("poll", problem);
  }
  if (out->count == 0) {
    let_go(out);
    result.rc = SLUICE_IDLE;
  }
  return result;
}

CallResult SourceInstance::ack(std::span<const sluice_mark> marks) {
  return impl_->guest->call("ack", kUsual, [&](sluice_error* error) {
    return impl_->ops->ack(impl_->handle, marks.data(), static_cast<uint32_t>(marks.size()), error);
  });
}

void SourceInstance::stop() {
  impl_->guest->host().stop().request();
  impl_->guest->bracket("stop", [&] { impl_->ops->stop(impl_->handle); });
}

SourceInstance::Lag SourceInstance::lag() {
  Lag lag;
  if (impl_->lag == nullptr) return lag;
  const sluice_rc rc =
      impl_->guest->bracket("lag", [&] { return impl_->lag->lag(impl_->handle, add_lag, &lag); });
  return rc == SLUICE_OK ? lag : Lag{};
}

bool SourceInstance::keeps_places() const {
  return impl_->places != nullptr && SLUICE_HAS(impl_->places, sluice_source_places, store);
}

CallResult SourceInstance::list_places(int64_t at_us, const PlaceVisitor& each) {
  return impl_->guest->call("places.list", kUsual, [&](sluice_error* error) {
    return impl_->places->list(impl_->handle, at_us, visit_place, const_cast<PlaceVisitor*>(&each),
                               error);
  });
}

CallResult SourceInstance::store_places(std::span<const sluice_lane_state* const> places) {
  return impl_->guest->call("places.store", kUsual, [&](sluice_error* error) {
    return impl_->places->store(impl_->handle, places.data(), static_cast<uint32_t>(places.size()),
                                error);
  });
}

CallResult SourceInstance::close() {
  return impl_->guest->call("close", kUsual, [&](sluice_error* error) {
    return impl_->ops->close(impl_->handle, error);
  });
}

const void* SourceInstance::extension(const char* id) {
  if (impl_->ops->extension == nullptr) return nullptr;
  return impl_->guest->bracket("extension",
                               [&] { return impl_->ops->extension(impl_->handle, id); });
}

const std::string& SourceInstance::name() const { return impl_->guest->host().name(); }
const sluice_component& SourceInstance::component() const { return impl_->guest->component(); }

}  // namespace sluice
