// SPDX-License-Identifier: Apache-2.0
// The runtime's side of retry topics: records that come back to their pipelines.
#include "runtime/pipeline/runtime.h"

namespace sluice {

Status Runtime::open_retry_topics(const std::vector<const PipelineConfig*>& pipelines) {
  for (const PipelineConfig* pipeline : pipelines) {
    for (const SinkConfig& sink : pipeline->sinks) {
      if (!sink.retry_topics) continue;
      SLUICE_RETURN_IF_ERROR(may_be_passed(sink).with_context(sink.place.text()));
    }
  }
  SLUICE_ASSIGN_OR_RETURN(retry_topics_, RetryTopics::create(pipelines, *letters_, clock_));
  return Status::ok();
}

Pipeline* Runtime::find(const std::string& name) const {
  for (const auto& pipeline : pipelines_) {
    if (pipeline->config().name == name) return pipeline.get();
  }
  return nullptr;
}

bool Runtime::room(const std::string& pipeline) {
  Pipeline* to = find(pipeline);
  return to != nullptr && to->has_room();
}

bool Runtime::deliver(const std::string& pipeline, std::vector<DeadLetter> letters,
                      StopSource& stop) {
  Pipeline* to = find(pipeline);
  if (to == nullptr) return false;
  auto batch = std::make_shared<RedriveBatch>();
  batch->redrive = RetryTopics::kNoPlan;
  batch->from = RedriveFrom::kSink;
  batch->from_topic = true;
  batch->letters = std::move(letters);
  return to->inject(std::move(batch), stop);
}

}  // namespace sluice
