// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

// The inline namespace keeps the SDK's names apart, for the linker, from any other `sluice` code in
// the same program; authors write sluice::Batch and so on.
namespace sluice {
inline namespace sdk {

// Index of "no declared reason applies".
inline constexpr std::uint16_t kNoReason = SLUICE_REASON_NONE;

template <typename E>
concept ReasonIndex = std::is_enum_v<E> || std::same_as<E, std::uint16_t>;

// What an adapter throws. Everything thrown becomes a result code at the border; the message goes
// to the operator, so it says what was found, what was expected, what to do.
class Error : public std::runtime_error {
 public:
  [[nodiscard]] sluice_rc rc() const noexcept { return rc_; }
  [[nodiscard]] std::uint16_t reason() const noexcept { return reason_; }
  [[nodiscard]] std::uint32_t retry_after_ms() const noexcept { return retry_after_ms_; }

 protected:
  Error(sluice_rc rc, const std::string& message) : std::runtime_error(message), rc_(rc) {}
  template <ReasonIndex E>
  Error(sluice_rc rc, const std::string& message, E reason)
      : std::runtime_error(message), rc_(rc), reason_(static_cast<std::uint16_t>(reason)) {}
  void set_retry_after(std::chrono::milliseconds time) noexcept {
    if (time.count() > 0) {
      retry_after_ms_ = time.count() > INT32_MAX ? std::uint32_t{INT32_MAX}
                                                 : static_cast<std::uint32_t>(time.count());
    }
  }

 private:
  sluice_rc rc_;
  std::uint16_t reason_ = kNoReason;
  std::uint32_t retry_after_ms_ = 0;
};

// The same call may succeed later: connection, timeout, busy.
class Transient : public Error {
 public:
  explicit Transient(const std::string& message) : Error(SLUICE_E_RETRY, message) {}
  template <ReasonIndex E>
  Transient(const std::string& message, E reason, std::chrono::milliseconds retry_after = {})
      : Error(SLUICE_E_RETRY, message, reason) {
    set_retry_after(retry_after);
  }
};

// Never succeeds with this configuration: an operator must act.
class BadConfig : public Error {
 public:
  explicit BadConfig(const std::string& message) : Error(SLUICE_E_CONFIG, message) {}
  template <ReasonIndex E>
  BadConfig(const std::string& message, E reason) : Error(SLUICE_E_CONFIG, message, reason) {}
};

// The instance is unusable: the host destroys it and makes a new one.
class Fatal : public Error {
 public:
  explicit Fatal(const std::string& message) : Error(SLUICE_E_FATAL, message) {}
  template <ReasonIndex E>
  Fatal(const std::string& message, E reason) : Error(SLUICE_E_FATAL, message, reason) {}
};

// From write: nothing was applied, at least one record is permanently refused, which one is
// unknown. The host bisects the batch.
class BatchRefused : public Error {
 public:
  explicit BatchRefused(const std::string& message) : Error(SLUICE_E_BATCH, message) {}
  template <ReasonIndex E>
  BatchRefused(const std::string& message, E reason) : Error(SLUICE_E_BATCH, message, reason) {}
};

// From write_marked: a mark is not where the host expects it, so another owner has moved it.
// Nothing was applied.
class Fenced : public Error {
 public:
  explicit Fenced(const std::string& message) : Error(SLUICE_E_FENCED, message) {}
};

// Stop was asked for and the call gave up; not a failure.
class Cancelled : public Error {
 public:
  Cancelled() : Error(SLUICE_CANCELLED, "stop was requested") {}
};

namespace detail {

// Length of the well-formed UTF-8 character at the start of `text`, 0 if there is none.
inline std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xC2 && byte(0) <= 0xDF) return tail(1) ? 2 : 0;
  if (byte(0) >= 0xE0 && byte(0) <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if ((byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xED && byte(1) > 0x9F)) return 0;
    return 3;
  }
  if (byte(0) >= 0xF0 && byte(0) <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if ((byte(0) == 0xF0 && byte(1) < 0x90) || (byte(0) == 0xF4 && byte(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

// Copies at most `room` bytes of `text` to `out`, whole characters only; what is not UTF-8 (or NUL)
// becomes '?'. Returns the number of bytes written.
inline std::size_t copy_text(std::string_view text, char* out, std::size_t room) noexcept {
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::size_t step = length == 0 ? 1 : length;
    if (used + step > room) break;
    if (length == 0 || text[0] == '\0') {
      out[used] = '?';
    } else {
      std::memcpy(out + used, text.data(), step);
    }
    used += step;
    text.remove_prefix(step);
  }
  return used;
}

inline void fill_error(sluice_error* error, std::uint16_t reason, std::uint32_t retry_after_ms,
                       std::string_view message) noexcept {
  if (error == nullptr || !SLUICE_HAS(error, sluice_error, message)) return;
  error->reason = reason;
  error->retry_after_ms = retry_after_ms;
  error->message[copy_text(message, error->message, sizeof(error->message) - 1)] = '\0';
}

}  // namespace detail

// Runs `body` (returning sluice_rc) and turns whatever it throws into a result code and a message.
// The only `catch (...)` of the SDK: nothing passes it. `unknown` is the code for exceptions that
// are not of the kinds above.
template <typename Body>
sluice_rc guard(sluice_error* error, sluice_rc unknown, Body&& body) noexcept {
  try {
    return body();
  } catch (const Error& e) {
    detail::fill_error(error, e.reason(), e.retry_after_ms(), e.what());
    return e.rc();
  } catch (const std::bad_alloc&) {
    detail::fill_error(error, kNoReason, 0, "out of memory");
    return SLUICE_E_RETRY;
  } catch (const std::exception& e) {
    detail::fill_error(error, kNoReason, 0, e.what());
    return unknown;
  } catch (...) {
    detail::fill_error(error, kNoReason, 0, "an exception that is not a std::exception");
    return unknown;
  }
}

}  // namespace sdk
}  // namespace sluice
