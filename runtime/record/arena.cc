// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/arena.h"

#include <algorithm>

namespace sluice {

void* Arena::allocate_slow(size_t bytes) {
  // Chunks behind the current one are empty: take the first that is large enough, in its turn.
  const size_t after = chunks_.empty() ? 0 : current_ + 1;
  for (size_t i = after; i < chunks_.size(); ++i) {
    if (chunks_[i].size < bytes) continue;
    std::swap(chunks_[i], chunks_[after]);
    current_ = after;
    used_ = bytes;
    return chunks_[current_].data.get();
  }
  // new char[] is aligned for 16 bytes, which is the promise of allocate().
  Chunk chunk;
  chunk.size = std::max(bytes, chunk_bytes_);
  // Not make_unique: nothing has to be set to zero.
  chunk.data.reset(new char[chunk.size]);  // NOLINT(cppcoreguidelines-owning-memory)
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(after), std::move(chunk));
  current_ = after;
  used_ = bytes;
  return chunks_[current_].data.get();
}

void Arena::reset(size_t keep_bytes) {
  size_t kept = 0;
  std::erase_if(chunks_, [&](const Chunk& chunk) {
    if (kept + chunk.size > keep_bytes) return true;
    kept += chunk.size;
    return false;
  });
  current_ = 0;
  used_ = 0;
}

size_t Arena::capacity() const {
  size_t total = 0;
  for (const Chunk& chunk : chunks_) total += chunk.size;
  return total;
}

}  // namespace sluice
