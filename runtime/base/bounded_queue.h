// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "runtime/base/mutex.h"

namespace sluice {

// A queue bounded by bytes (and by items, as a backstop). One item is always admitted, however
// large, so a single big batch cannot wedge a pipeline. Thread-safe, any number of both sides.
template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(size_t max_bytes, size_t max_items) : max_bytes_(max_bytes), max_items_(max_items) {}

  // Waits for room. False: the queue was closed; `item` is untouched then.
  bool push(T& item, size_t bytes) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!closed_ && !fits(bytes)) room_.wait(mutex_);
    if (closed_) return false;
    items_.emplace_back(std::move(item), bytes);
    bytes_ += bytes;
    ready_.notify_one();
    return true;
  }

  // False: no room until the deadline, or closed (see closed()); `item` is untouched then.
  bool push_until(T& item, size_t bytes, std::chrono::steady_clock::time_point deadline)
      SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!closed_ && !fits(bytes)) {
      if (!room_.wait_until(mutex_, deadline) && !fits(bytes)) return false;
    }
    if (closed_) return false;
    items_.emplace_back(std::move(item), bytes);
    bytes_ += bytes;
    ready_.notify_one();
    return true;
  }

  // Waits for an item; nothing once the queue is closed and empty.
  std::optional<T> pop() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (items_.empty() && !closed_) ready_.wait(mutex_);
    return take();
  }

  // Nothing when the deadline passed, or the queue is closed and empty (see closed()).
  std::optional<T> pop_until(std::chrono::steady_clock::time_point deadline)
      SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (items_.empty() && !closed_) {
      if (!ready_.wait_until(mutex_, deadline) && items_.empty()) return std::nullopt;
    }
    return take();
  }

  // Wakes everybody; what is inside can still be popped.
  void close() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    closed_ = true;
    ready_.notify_all();
    room_.notify_all();
  }

  [[nodiscard]] bool closed() const SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  [[nodiscard]] size_t bytes() const SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return bytes_;
  }
  [[nodiscard]] size_t size() const SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return items_.size();
  }

 private:
  [[nodiscard]] bool fits(size_t bytes) const SLUICE_REQUIRES(mutex_) {
    return items_.empty() || (bytes_ + bytes <= max_bytes_ && items_.size() < max_items_);
  }
  std::optional<T> take() SLUICE_REQUIRES(mutex_) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().first));
    bytes_ -= items_.front().second;
    items_.pop_front();
    room_.notify_all();
    return item;
  }

  const size_t max_bytes_;
  const size_t max_items_;
  mutable Mutex mutex_;
  CondVar ready_;
  CondVar room_;
  std::deque<std::pair<T, size_t>> items_ SLUICE_GUARDED_BY(mutex_);
  size_t bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
