// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/block.h"

#include <utility>

namespace sluice::common {

std::shared_ptr<BlockPool> BlockPool::create(std::size_t keep) {
  std::shared_ptr<BlockPool> pool(new BlockPool(keep));  // the constructor is private
  pool->idle_.reserve(keep);
  return pool;
}

BlockRef BlockPool::take(std::size_t capacity) {
  if (capacity > kStandard) return std::make_shared<Block>(capacity);
  // Small blocks are left to the allocator; only the large, often used size is worth keeping.
  if (capacity <= kStandard / 2) return std::make_shared<Block>(capacity);
  std::unique_ptr<Block> block;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      block = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!block) block = std::make_unique<Block>(kStandard);
  auto give_back = [pool = weak_from_this()](Block* released) {
    std::unique_ptr<Block> owned(released);
    if (const auto alive = pool.lock()) alive->give_back(std::move(owned));
  };
  return {block.release(), std::move(give_back)};
}

void BlockPool::give_back(std::unique_ptr<Block> block) noexcept {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < keep_) idle_.push_back(std::move(block));
}

}  // namespace sluice::common
