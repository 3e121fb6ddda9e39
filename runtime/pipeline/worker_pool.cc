// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/worker_pool.h"

namespace sluice {

WorkerPool::~WorkerPool() { abandon(); }

Status WorkerPool::start(uint32_t threads, const std::vector<Pipeline*>& pipelines) {
  for (uint32_t i = 0; i < threads; ++i) {
    auto paths = std::make_unique<Paths>();
    for (Pipeline* pipeline : pipelines) {
      SLUICE_ASSIGN_OR_RETURN(auto path, pipeline->make_path());
      paths->emplace(pipeline, std::move(path));
    }
    paths_.push_back(std::move(paths));
  }
  for (auto& paths : paths_) {
    threads_.emplace_back([this, own = paths.get()] { run(*own); });
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

void WorkerPool::run(Paths& paths) {
  while (auto item = queue_.pop()) {
    if (abandoned_) continue;
    item->pipeline->process(*paths.at(item->pipeline), std::move(item->batch));
  }
}

}  // namespace sluice
