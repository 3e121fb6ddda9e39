// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/worker_pool.h"

namespace sluice {

WorkerPool::~WorkerPool() { abandon(); }

Status WorkerPool::start(uint32_t threads, const std::vector<Pipeline*>& pipelines) {
  for (Pipeline* pipeline : pipelines) SLUICE_RETURN_IF_ERROR(pipeline->prepare(threads));
  for (uint32_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i] { run(i); });
    ++running_;
  }
  return Status::ok();
}

void WorkerPool::push(WorkItem item) {
  const size_t bytes = item.batch->value_bytes();
  queue_.push(item, bytes);  // once closed the item is dropped, unsettled: the run is over
}

void WorkerPool::finish() {
  queue_.close();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::abandon() {
  abandoned_ = true;
  finish();
}

void WorkerPool::run(uint32_t worker) {
  while (auto item = queue_.pop()) {
    if (abandoned_) continue;
    item->pipeline->process(*item, worker);
  }
}

}  // namespace sluice
