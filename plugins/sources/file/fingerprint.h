// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::file {

// How a file is known again by its content: its first bytes, and the bytes in front of the place
// that was read to last. Both stay the same when a file grows, and differ when it was truncated and
// written anew or replaced.
struct Fingerprint {
  static constexpr std::size_t kSpan = 1024;

  std::uint64_t head_size = 0;  // at most kSpan
  std::uint64_t head_hash = 0;
  std::uint64_t tail_end = 0;  // 0: not known; else [tail_end - kSpan, tail_end), from 0 at least
  std::uint64_t tail_hash = 0;

  bool operator==(const Fingerprint&) const = default;
};

// 64 bits over the text; the same on every machine, for it is stored.
[[nodiscard]] std::uint64_t content_hash(std::string_view text);

// Reads up to `size` bytes at `offset`. False: an I/O error, errno says which.
[[nodiscard]] bool read_at(int fd, std::uint64_t offset, std::size_t size, std::string* out);

// Hash of [from, to) of the file. False: an I/O error, or the file is shorter.
[[nodiscard]] bool hash_range(int fd, std::uint64_t from, std::uint64_t to, std::uint64_t* out);

// Hash of the bytes in front of `end`.
[[nodiscard]] bool hash_tail(int fd, std::uint64_t end, std::uint64_t* out);

// True if the open file (of `size` bytes) begins as the fingerprint says and still has the same
// bytes in front of where it was read to.
[[nodiscard]] bool matches(const Fingerprint& print, int fd, std::uint64_t size);

}  // namespace sluice::file
