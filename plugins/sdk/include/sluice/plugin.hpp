// SPDX-License-Identifier: Apache-2.0
//
// plugin.hpp - writing an adapter in C++20: one class, one description, one macro. Header-only, no
// dependency but the standard library. See the README beside it for a whole example.
//
//   class HttpSink {
//    public:
//     HttpSink(sluice::Context ctx, const sluice::Config& config);  // no I/O; throw BadConfig
//     void open();                                                  // throw Transient
//     void write(const sluice::Batch& batch, sluice::Outcomes out);
//   };
//
//   enum class Reason : std::uint16_t { kThrottled, kRefused, kCount };
//   constexpr auto kReasons = sluice::reason_table<Reason>(
//       sluice::retry_reason(Reason::kThrottled, "throttled", "Asked to wait.", "RATE_LIMITED"),
//       sluice::reject_reason(Reason::kRefused, "refused", "Not taken.", "CONSTRAINT_VIOLATION"));
//
//   constexpr sluice_component kHttpSink = sluice::sink_component<HttpSink, kReasons>(
//       {.id = "http", .summary = "Posts records.", .config_schema = kSchema,
//        .example_config = kExample, .caps = SLUICE_CAP_ORDERED});
//
//   SLUICE_EXPORT_PLUGIN("http", "0.1.0", "Apache-2.0", &kHttpSink)
#ifndef SLUICE_PLUGIN_HPP
#define SLUICE_PLUGIN_HPP

#include <sluice/plugin.h>
#include <sluice/adapter.hpp>
#include <sluice/config.hpp>
#include <sluice/context.hpp>
#include <sluice/error.hpp>
#include <sluice/marks.hpp>
#include <sluice/records.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace sluice {
inline namespace sdk {

// A reason with the enumerator it belongs to.
template <typename E>
struct ReasonRow {
  E index;
  sluice_reason reason;
};

// `code`: [a-z0-9_]{1,48}; `help`: one sentence for the operator; `maps_to`: the runtime's code.
template <typename E>
constexpr ReasonRow<E> retry_reason(E index, const char* code, const char* help,
                                    const char* maps_to) {
  return {index, {sizeof(sluice_reason), SLUICE_REC_RETRY, code, help, maps_to}};
}
template <typename E>
constexpr ReasonRow<E> reject_reason(E index, const char* code, const char* help,
                                     const char* maps_to) {
  return {index, {sizeof(sluice_reason), SLUICE_REC_REJECT, code, help, maps_to}};
}

template <typename E>
struct MetricRow {
  E index;
  sluice_metric metric;
};
// `name`: [a-z][a-z0-9_]{0,63}.
template <typename E>
constexpr MetricRow<E> counter(E index, const char* name, const char* help) {
  return {index, {sizeof(sluice_metric), SLUICE_METRIC_COUNTER, name, help}};
}
template <typename E>
constexpr MetricRow<E> gauge(E index, const char* name, const char* help) {
  return {index, {sizeof(sluice_metric), SLUICE_METRIC_GAUGE, name, help}};
}
template <typename E>
constexpr MetricRow<E> histogram(E index, const char* name, const char* help) {
  return {index, {sizeof(sluice_metric), SLUICE_METRIC_HISTOGRAM, name, help}};
}

// Tables in the order of an enum whose last enumerator is kCount. A row that is missing or out of
// place does not compile.
template <typename E, typename... Rows>
consteval auto reason_table(const Rows&... rows) {
  static_assert(sizeof...(Rows) == static_cast<std::size_t>(E::kCount),
                "sluice: reason_table needs one row for each enumerator before kCount");
  std::size_t at = 0;
  const bool in_step = ((static_cast<std::size_t>(rows.index) == at++) && ...);
  if (!in_step) throw "sluice: the rows of reason_table must follow the order of the enum";
  return std::array<sluice_reason, sizeof...(Rows)>{rows.reason...};
}
template <typename E, typename... Rows>
consteval auto metric_table(const Rows&... rows) {
  static_assert(sizeof...(Rows) == static_cast<std::size_t>(E::kCount),
                "sluice: metric_table needs one row for each enumerator before kCount");
  std::size_t at = 0;
  const bool in_step = ((static_cast<std::size_t>(rows.index) == at++) && ...);
  if (!in_step) throw "sluice: the rows of metric_table must follow the order of the enum";
  return std::array<sluice_metric, sizeof...(Rows)>{rows.metric...};
}
inline constexpr std::array<sluice_reason, 0> kNoReasons{};
inline constexpr std::array<sluice_metric, 0> kNoMetrics{};

namespace detail {

template <const auto& Table, std::size_t... I>
consteval auto pointers_to(std::index_sequence<I...>) {
  return std::array<const typename std::remove_cvref_t<decltype(Table)>::value_type*, sizeof...(I)>{
      &Table[I]...};
}
// The ABI wants arrays of pointers, so that the structs may grow.
template <const auto& Table>
inline constexpr auto kPointers = pointers_to<Table>(std::make_index_sequence<Table.size()>());

template <const auto& Reasons, const auto& Metrics>
consteval sluice_component describe(std::int32_t kind, const char* id, const char* summary,
                                    const char* schema, const char* example, std::uint32_t caps,
                                    const void* ops) {
  return {sizeof(sluice_component),
          kind,
          id,
          summary,
          schema,
          example,
          caps,
          static_cast<std::uint32_t>(Reasons.size()),
          Reasons.empty() ? nullptr : kPointers<Reasons>.data(),
          static_cast<std::uint32_t>(Metrics.size()),
          0,
          Metrics.empty() ? nullptr : kPointers<Metrics>.data(),
          ops};
}

}  // namespace detail

// What an adapter says of itself.
struct Description {
  const char* id;              // [a-z][a-z0-9_]{0,31}
  const char* summary;         // one sentence
  const char* config_schema;   // JSON Schema (draft-07), an object
  const char* example_config;  // valid by that schema
  std::uint32_t caps = 0;      // SLUICE_CAP_*
};

template <typename T, const auto& Reasons = kNoReasons, const auto& Metrics = kNoMetrics>
consteval sluice_component source_component(const Description& d) {
  static_assert(Source<T>,
                "sluice: a source needs `sluice::Poll poll(const sluice::PollLimits& limits, "
                "sluice::BatchBuilder& out)`");
  if constexpr (Source<T>) {
    detail::check_common<T>();
    detail::check_ack<T>();
    return detail::describe<Reasons, Metrics>(SLUICE_KIND_SOURCE, d.id, d.summary, d.config_schema,
                                              d.example_config, d.caps, &detail::kSourceOps<T>);
  } else {
    return {};  // after the message above, no others
  }
}

template <typename T, const auto& Reasons = kNoReasons, const auto& Metrics = kNoMetrics>
consteval sluice_component sink_component(const Description& d) {
  static_assert(Sink<T>,
                "sluice: a sink needs `void write(const sluice::Batch& batch, sluice::Outcomes "
                "out)`");
  if constexpr (Sink<T>) {
    detail::check_common<T>();
    detail::check_probe<T>();
    return detail::describe<Reasons, Metrics>(SLUICE_KIND_SINK, d.id, d.summary, d.config_schema,
                                              d.example_config, d.caps, &detail::kSinkOps<T>);
  } else {
    return {};  // after the message above, no others
  }
}

}  // namespace sdk
}  // namespace sluice

// Oldest minor version of the host's ABI the wrapper can live with. An author who uses what a later
// host brought raises it before including this header.
#ifndef SLUICE_MIN_HOST_MINOR
#define SLUICE_MIN_HOST_MINOR 0
#endif
// Name of the exported symbol. Tests that link several plugins into one program give each its own.
#ifndef SLUICE_ENTRY_NAME
#define SLUICE_ENTRY_NAME sluice_plugin_v1
#endif
#ifdef __clang__
#define SLUICE_BUILD_TEXT "Clang " __clang_version__
#else
#define SLUICE_BUILD_TEXT "GCC " __VERSION__
#endif

// Once in a plugin, outside any namespace. `...`: addresses of the components.
#define SLUICE_EXPORT_PLUGIN(plugin_name, plugin_version, plugin_license, ...)                   \
  namespace {                                                                                    \
  constexpr const sluice_component* const sluice_exported_components[] = {__VA_ARGS__};          \
  }                                                                                              \
  extern "C" __attribute__((visibility("default"))) const sluice_plugin_entry SLUICE_ENTRY_NAME; \
  extern "C" constinit const sluice_plugin_entry SLUICE_ENTRY_NAME = {                           \
      SLUICE_MAGIC,                                                                              \
      sizeof(sluice_plugin_entry),                                                               \
      SLUICE_ABI_MAJOR,                                                                          \
      SLUICE_ABI_MINOR,                                                                          \
      SLUICE_MIN_HOST_MINOR,                                                                     \
      0,                                                                                         \
      sizeof(sluice_exported_components) / sizeof(sluice_exported_components[0]),                \
      sluice_exported_components,                                                                \
      plugin_name,                                                                               \
      plugin_version,                                                                            \
      plugin_license,                                                                            \
      SLUICE_BUILD_TEXT};

#endif  // SLUICE_PLUGIN_HPP
