// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace sluice::common {

// Memory that input is read into and that record values point into. Shared by the reader, which
// only ever writes behind what it has already handed over, and by the batches made from it.
class Block {
 public:
  explicit Block(std::size_t capacity)
      : data_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  [[nodiscard]] char* data() { return data_.get(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_;
};

using BlockRef = std::shared_ptr<Block>;

// Hands out blocks and takes standard ones back for the next read, so that a steady stream maps no
// fresh memory. A block may outlive its pool and may be released on any thread.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  static constexpr std::size_t kStandard = std::size_t{1} << 20;

  // keep: how many idle standard blocks are held at most.
  [[nodiscard]] static std::shared_ptr<BlockPool> create(std::size_t keep = 8);

  // [any] A block of at least `capacity` bytes, its content undefined.
  [[nodiscard]] BlockRef take(std::size_t capacity);

 private:
  explicit BlockPool(std::size_t keep) : keep_(keep) {}
  void give_back(std::unique_ptr<Block> block) noexcept;

  const std::size_t keep_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> idle_;  // under mutex_; capacity reserved for keep_
};

}  // namespace sluice::common
