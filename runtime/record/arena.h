// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

// Bump allocation in chunks that are kept over reset(), so that a steady load allocates nothing.
// Memory stays where it is until reset(). Not thread-safe; ownership may move between threads.
class Arena {
 public:
  explicit Arena(size_t chunk_bytes = 64 * 1024) : chunk_bytes_(chunk_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `align` is a power of two, at most 16.
  void* allocate(size_t bytes, size_t align = 8) {
    const size_t at = (used_ + align - 1) & ~(align - 1);
    if (current_ < chunks_.size() && at + bytes <= chunks_[current_].size) {
      used_ = at + bytes;
      return chunks_[current_].data.get() + at;
    }
    return allocate_slow(bytes);
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {"", 0};
    auto* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Appending text of unknown length: reserve room for at least `bytes` contiguous bytes at the
  // end, write, then commit what was written.
  char* reserve(size_t bytes) {
    if (current_ >= chunks_.size() || used_ + bytes > chunks_[current_].size) {
      allocate_slow(bytes);
      used_ -= bytes;
    }
    return chunks_[current_].data.get() + used_;
  }
  void commit(size_t bytes) { used_ += bytes; }

  // Forgets everything, keeps chunks up to `keep_bytes` for reuse.
  void reset(size_t keep_bytes = 4 * 1024 * 1024);
  [[nodiscard]] size_t capacity() const;
  // Memory stays where it is.
  void swap(Arena& other) noexcept {
    std::swap(chunk_bytes_, other.chunk_bytes_);
    chunks_.swap(other.chunks_);
    std::swap(current_, other.current_);
    std::swap(used_, other.used_);
  }

 private:
  struct Chunk {
    std::unique_ptr<char[]> data;
    size_t size = 0;
  };
  void* allocate_slow(size_t bytes);

  size_t chunk_bytes_;
  std::vector<Chunk> chunks_;
  size_t current_ = 0;  // index into chunks_
  size_t used_ = 0;     // bytes used of the current chunk
};

}  // namespace sluice
