// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sluice::common {

enum class Compression { kNone, kGzip, kZstd };

// How a stream is compressed, told by its first bytes. `complete`: no more bytes will come before
// these. False: too few bytes to tell yet.
[[nodiscard]] bool detect_compression(std::string_view head, bool complete, Compression* out);

[[nodiscard]] std::string_view to_string(Compression compression);

// Decodes a gzip or zstd stream piece by piece, with its concatenated members or frames. Memory is
// bounded whatever the input claims: output goes to the caller's buffer, zstd windows are limited
// to 32 MiB, and a stream that expands beyond 64 MiB plus max_expansion times its own size is an
// error. Not thread-safe. Construction throws std::bad_alloc.
class StreamDecoder {
 public:
  StreamDecoder(Compression compression, std::uint64_t max_expansion);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;

  struct Step {
    std::size_t used = 0;  // bytes of the input consumed
    std::size_t made = 0;  // bytes of the output written
    std::string error;     // not empty: the stream is damaged; what was made before is good
  };
  // Decodes until the input is used up or the output is full. Nothing used and nothing made: more
  // input is needed.
  [[nodiscard]] Step decode(std::span<const char> in, std::span<char> out);

  // True where the stream may end: at its start or between two members. False: it is cut off.
  [[nodiscard]] bool whole() const;
  [[nodiscard]] std::uint64_t bytes_in() const;
  [[nodiscard]] std::uint64_t bytes_out() const;

  class Codec;

 private:
  std::unique_ptr<Codec> codec_;
  std::uint64_t max_expansion_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
};

}  // namespace sluice::common
