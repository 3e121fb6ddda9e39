// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>
#include <sluice/config.hpp>
#include <sluice/context.hpp>
#include <sluice/error.hpp>
#include <sluice/marks.hpp>
#include <sluice/records.hpp>

#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

// From an author's class to the ABI's table of functions.
namespace sluice {
inline namespace sdk {

// A source: constructed from (Context, const Config&) or (Context, std::string_view), no I/O there;
//   Poll poll(const PollLimits&, BatchBuilder&)
// and, where wanted,
//   void open()                                  connects; opens lanes
//   void ack(std::span<const sluice_mark>)       everything up to these marks is settled
//   void stop() noexcept                         [any] wakes a pending call
//   void close()
//   const void* extension(std::string_view id)   tables of the ABI's source extensions, which get
//                                                the instance by sluice::self<T>(sluice_source*)
template <typename T>
concept Source = requires(T& t, const PollLimits& limits, BatchBuilder& out) {
  { t.poll(limits, out) } -> std::same_as<Poll>;
};

// A sink: constructed likewise;
//   void write(const Batch&, Outcomes)
// and, where wanted, open, stop, close, extension as above, and
//   void probe()                                 a cheap health call; throws Transient when down
//   write_marked, read_marks, reset_marks        exactly once; see marks.hpp
template <typename T>
concept Sink = requires(T& t, const Batch& batch, Outcomes out) {
  { t.write(batch, out) } -> std::same_as<void>;
};

namespace detail {

template <typename T>
concept TakesConfig = std::constructible_from<T, Context, const Config&>;
template <typename T>
concept TakesText = std::constructible_from<T, Context, std::string_view>;

// "Has a member of that name" on one side, "it can be called as it should" on the other: a slip in
// a signature must not turn an optional member into one that is never called.
#define SLUICE_DETAIL_OPTIONAL(name, call, signature)                                             \
  template <typename T>                                                                           \
  concept Names_##name = requires {                                                               \
    &T::name;                                                                                     \
  };                                                                                              \
  template <typename T>                                                                           \
  concept Has_##name = requires(T & t, std::span<const sluice_mark> marks, std::string_view id) { \
    (void)marks, (void)id;                                                                        \
    call;                                                                                         \
  };                                                                                              \
  template <typename T>                                                                           \
  constexpr void check_##name() {                                                                 \
    static_assert(!Names_##name<T> || Has_##name<T>,                                              \
                  "sluice: the optional member `" #name "` must be `" signature "`");             \
  }
SLUICE_DETAIL_OPTIONAL(
    open, { t.open() } -> std::same_as<void>, "void open()")
SLUICE_DETAIL_OPTIONAL(
    close, { t.close() } -> std::same_as<void>, "void close()")
SLUICE_DETAIL_OPTIONAL(
    stop, { t.stop() } noexcept->std::same_as<void>, "void stop() noexcept")
SLUICE_DETAIL_OPTIONAL(
    probe, { t.probe() } -> std::same_as<void>, "void probe()")
SLUICE_DETAIL_OPTIONAL(
    ack, { t.ack(marks) } -> std::same_as<void>, "void ack(std::span<const sluice_mark> marks)")
SLUICE_DETAIL_OPTIONAL(
    extension, { t.extension(id) } -> std::same_as<const void*>,
    "const void* extension(std::string_view id)")
#undef SLUICE_DETAIL_OPTIONAL

template <typename T>
constexpr void check_common() {
  static_assert(
      TakesConfig<T> || TakesText<T>,
      "sluice: an adapter needs a constructor `T(sluice::Context ctx, const "
      "sluice::Config& config)` or `T(sluice::Context ctx, std::string_view config_json)`");
  check_open<T>();
  check_close<T>();
  check_stop<T>();
  check_extension<T>();
  static_assert(!NamesMarks<T> || KeepsMarks<T>,
                "sluice: a sink with marks has `void write_marked(const sluice::Batch&, "
                "sluice::Outcomes, std::span<const sluice::MarkMove>)`, `void read_marks(const "
                "sluice::MarkReader&)` and `void reset_marks(std::string_view, std::uint32_t)`");
}

// An author's object and what the wrapper keeps beside it.
template <typename T>
struct Box {
  Box(const sluice_host* host, const Config& config) requires TakesConfig<T>
      : adapter(Context(host), config) {}
  Box(const sluice_host* host, std::string_view config) requires(!TakesConfig<T>)
      : adapter(Context(host), config) {}
  T adapter;
  DetailStore details;
};

template <typename T, typename Handle>
Box<T>& unbox(Handle* handle) noexcept {
  return *reinterpret_cast<Box<T>*>(handle);
}

template <typename T, typename Handle>
sluice_rc create(const sluice_host* host, sluice_str config_json, Handle** out,
                 sluice_error* error) noexcept {
  return guard(error, SLUICE_E_CONFIG, [&] {
    std::unique_ptr<Box<T>> box;
    if constexpr (TakesConfig<T>) {
      box = std::make_unique<Box<T>>(host, Config(view(config_json)));
    } else {
      box = std::make_unique<Box<T>>(host, view(config_json));
    }
    *out = reinterpret_cast<Handle*>(box.release());
    return SLUICE_OK;
  });
}

template <typename T, typename Handle>
void destroy(Handle* handle) noexcept {
  std::unique_ptr<Box<T>> box(reinterpret_cast<Box<T>*>(handle));
}

template <typename T, typename Handle>
sluice_rc open(Handle* handle, sluice_error* error) noexcept {
  return guard(error, SLUICE_E_FATAL, [&] {
    if constexpr (Has_open<T>) unbox<T>(handle).adapter.open();
    return SLUICE_OK;
  });
}

template <typename T, typename Handle>
void stop(Handle* handle) noexcept {
  if constexpr (Has_stop<T>) unbox<T>(handle).adapter.stop();
}

template <typename T, typename Handle>
sluice_rc close(Handle* handle, sluice_error* error) noexcept {
  return guard(error, SLUICE_E_FATAL, [&] {
    if constexpr (Has_close<T>) unbox<T>(handle).adapter.close();
    return SLUICE_OK;
  });
}

template <typename T>
sluice_rc poll(sluice_source* handle, std::uint32_t max_records, std::uint64_t max_bytes,
               std::uint32_t timeout_ms, sluice_batch* out, sluice_error* error) noexcept {
  out->count = 0;
  out->records = nullptr;
  out->owner = nullptr;
  out->release = nullptr;
  return guard(error, SLUICE_E_FATAL, [&] {
    const PollLimits limits{max_records, max_bytes, std::chrono::milliseconds(timeout_ms)};
    BatchBuilder builder(limits);
    const Poll result = unbox<T>(handle).adapter.poll(limits, builder);
    if (result != Poll::kRecords) return static_cast<sluice_rc>(result);
    if (builder.empty()) return SLUICE_IDLE;
    builder.finish(out);
    return SLUICE_OK;
  });
}

template <typename T>
sluice_rc ack(sluice_source* handle, const sluice_mark* marks, std::uint32_t n,
              sluice_error* error) noexcept {
  return guard(error, SLUICE_E_FATAL, [&] {
    if constexpr (Has_ack<T>) {
      unbox<T>(handle).adapter.ack(std::span<const sluice_mark>(marks, n));
    }
    return SLUICE_OK;
  });
}

template <typename T>
sluice_rc write(sluice_sink* handle, const sluice_batch* batch, sluice_outcome* outcomes,
                sluice_error* error) noexcept {
  return guard(error, SLUICE_E_FATAL, [&] {
    Box<T>& box = unbox<T>(handle);
    box.details.clear();
    box.adapter.write(Batch(*batch),
                      Outcomes(std::span<sluice_outcome>(outcomes, batch->count), box.details));
    return SLUICE_OK;
  });
}

template <typename T>
sluice_rc probe(sluice_sink* handle, sluice_error* error) noexcept {
  return guard(error, SLUICE_E_RETRY, [&] {
    unbox<T>(handle).adapter.probe();
    return SLUICE_OK;
  });
}

template <typename T>
inline constexpr sluice_sink_probe kProbeTable{sizeof(sluice_sink_probe), 0, &probe<T>};

template <typename T>
sluice_rc write_marked(sluice_sink* handle, const sluice_batch* batch, sluice_outcome* outcomes,
                       const sluice_named_mark* const* expect, const sluice_named_mark* const* set,
                       std::uint32_t n, sluice_error* error) noexcept {
  return guard(error, SLUICE_E_FATAL, [&] {
    Box<T>& box = unbox<T>(handle);
    box.details.clear();
    const std::vector<MarkMove> moves = moves_of(expect, set, n);
    box.adapter.write_marked(
        Batch(*batch), Outcomes(std::span<sluice_outcome>(outcomes, batch->count), box.details),
        moves);
    return SLUICE_OK;
  });
}

template <typename T>
sluice_rc read_marks(sluice_sink* handle, sluice_str scope,
                     void (*each)(void*, const sluice_named_mark*), void* ctx,
                     sluice_error* error) noexcept {
  return guard(error, SLUICE_E_RETRY, [&] {
    unbox<T>(handle).adapter.read_marks(MarkReader(view(scope), each, ctx));
    return SLUICE_OK;
  });
}

template <typename T>
sluice_rc reset_marks(sluice_sink* handle, sluice_str scope, std::uint32_t epoch,
                      sluice_error* error) noexcept {
  return guard(error, SLUICE_E_RETRY, [&] {
    unbox<T>(handle).adapter.reset_marks(view(scope), epoch);
    return SLUICE_OK;
  });
}

template <typename T>
inline constexpr sluice_sink_marks kMarksTable{sizeof(sluice_sink_marks), 0, &write_marked<T>,
                                               &read_marks<T>, &reset_marks<T>};

// Does this instance, with its configuration, keep marks?
template <typename T>
bool keeps_marks(const T& adapter) noexcept {
  if constexpr (requires {
                  { adapter.keeps_marks() } -> std::same_as<bool>;
                }) {
    return adapter.keeps_marks();
  } else {
    return true;
  }
}

template <typename T, typename Handle>
const void* extension(Handle* handle, const char* id) noexcept {
  const void* found = nullptr;
  if constexpr (Has_extension<T>) {
    const sluice_rc rc = guard(nullptr, SLUICE_E_FATAL, [&] {
      found = unbox<T>(handle).adapter.extension(std::string_view(id));
      return SLUICE_OK;
    });
    if (rc != SLUICE_OK) return nullptr;
  }
  if constexpr (Sink<T> && Has_probe<T>) {
    if (found == nullptr && std::strcmp(id, SLUICE_EXT_SINK_PROBE) == 0) return &kProbeTable<T>;
  }
  if constexpr (KeepsMarks<T>) {
    if (found == nullptr && std::strcmp(id, SLUICE_EXT_SINK_MARKS) == 0 &&
        keeps_marks(unbox<T>(handle).adapter)) {
      return &kMarksTable<T>;
    }
  }
  return found;
}

template <typename T>
inline constexpr sluice_source_ops kSourceOps{sizeof(sluice_source_ops),
                                              0,
                                              &create<T, sluice_source>,
                                              &destroy<T, sluice_source>,
                                              &open<T, sluice_source>,
                                              &poll<T>,
                                              &ack<T>,
                                              &stop<T, sluice_source>,
                                              &close<T, sluice_source>,
                                              &extension<T, sluice_source>};

template <typename T>
inline constexpr sluice_sink_ops kSinkOps{
    sizeof(sluice_sink_ops),   0,         &create<T, sluice_sink>, &destroy<T, sluice_sink>,
    &open<T, sluice_sink>,     &write<T>, &stop<T, sluice_sink>,   &close<T, sluice_sink>,
    &extension<T, sluice_sink>};

}  // namespace detail

// The author's object behind a handle, for functions of extension tables.
template <typename T, typename Handle>
T& self(Handle* handle) noexcept {
  return detail::unbox<T>(handle).adapter;
}

}  // namespace sdk
}  // namespace sluice
