// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/base/bounded_queue.h"
#include "runtime/pipeline/pipeline.h"

namespace sluice {

// The threads that parse, validate and transform. Each has its own record path (document, Lua
// state, scratch) in every activation of a bundle, so they share nothing but the queue.
class WorkerPool final : public WorkQueue {
 public:
  // Bounded by the pipelines' byte budgets: intake stops before this queue could grow further.
  WorkerPool() : queue_(SIZE_MAX, SIZE_MAX) {}
  ~WorkerPool() override;

  // Prepares every pipeline first, so that a script which cannot be loaded is an error here.
  Status start(uint32_t threads, const std::vector<Pipeline*>& pipelines);
  void push(WorkItem item) override;
  // What waits is still processed; ends the threads.
  void finish();
  // What waits is dropped, unsettled; ends the threads.
  void abandon();

  [[nodiscard]] size_t batches() const { return queue_.size(); }
  [[nodiscard]] size_t bytes() const { return queue_.bytes(); }
  [[nodiscard]] uint32_t threads() const { return running_; }

 private:
  void run(uint32_t worker);

  BoundedQueue<WorkItem> queue_;
  std::atomic<bool> abandoned_{false};
  std::atomic<uint32_t> running_{0};  // asked for while start() is still at it
  std::vector<std::thread> threads_;
};

}  // namespace sluice
