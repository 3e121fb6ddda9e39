// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/check.h"

namespace sluice {

// What kind of failure it is; decides the exit code of a command and whether to try again.
enum class Code {
  kOk,
  kInvalid,      // the caller's or operator's input is wrong: usage, configuration, data
  kNotFound,     // something named does not exist
  kUnavailable,  // a dependency cannot be reached or used now; later it may
  kExists,       // taken: a lock, a port, a name
  kExhausted,    // a limit or a disk is full
  kCorrupt,      // stored data fails its checks
  kCancelled,    // stop was asked
  kInternal,     // should not happen; the message says what was seen
};

std::string_view code_name(Code code);

// The result of an operation without a value. Messages are sentences for an operator: what was
// found, what was expected, what to do. Thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status ok() { return {}; }

  [[nodiscard]] bool is_ok() const { return code_ == Code::kOk; }
  explicit operator bool() const { return is_ok(); }
  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  // Adds where it happened in front: "orders.yaml: " + message. No effect on OK.
  [[nodiscard]] Status with_context(std::string_view where) &&;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

inline Status invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }
inline Status not_found(std::string message) { return {Code::kNotFound, std::move(message)}; }
inline Status unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }
inline Status internal(std::string message) { return {Code::kInternal, std::move(message)}; }

// A value or the reason why there is none. `value()` on an error is a bug and stops the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit by design, as std::expected
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    SLUICE_CHECK(!status_.is_ok(), "a Result without a value needs an error");
  }

  [[nodiscard]] bool is_ok() const { return value_.has_value(); }
  explicit operator bool() const { return is_ok(); }
  [[nodiscard]] const Status& status() const& { return status_; }
  [[nodiscard]] Status status() && { return std::move(status_); }

  T& value() & {
    SLUICE_CHECK(value_.has_value(), status_.message().c_str());
    return *value_;
  }
  const T& value() const& {
    SLUICE_CHECK(value_.has_value(), status_.message().c_str());
    return *value_;
  }
  T&& value() && {
    SLUICE_CHECK(value_.has_value(), status_.message().c_str());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace sluice

#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)

// Returns the status from the enclosing function unless it is OK.
#define SLUICE_RETURN_IF_ERROR(expr)                                                  \
  do {                                                                                \
    if (auto sluice_status_ = (expr); !sluice_status_.is_ok()) return sluice_status_; \
  } while (false)

// SLUICE_ASSIGN_OR_RETURN(auto x, may_fail());
#define SLUICE_ASSIGN_OR_RETURN(lhs, expr) \
  SLUICE_ASSIGN_OR_RETURN_IMPL(SLUICE_CONCAT(sluice_result_, __LINE__), lhs, expr)
#define SLUICE_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.is_ok()) return std::move(tmp).status();  \
  lhs = std::move(tmp).value()
