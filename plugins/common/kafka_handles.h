// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/kafka/handles.h"
#include "runtime/kafka/values.h"

namespace sluice::common::kafka {

using sluice::kafka::Client;
using sluice::kafka::Conf;
using sluice::kafka::ErrorHandle;
using sluice::kafka::Event;
using sluice::kafka::memory_of;
using sluice::kafka::Metadata;
using sluice::kafka::new_partitions;
using sluice::kafka::Partitions;
using sluice::kafka::Queue;
using sluice::kafka::ReleasedBy;
using sluice::kafka::TopicHandle;
using sluice::kafka::value_of;

}  // namespace sluice::common::kafka
