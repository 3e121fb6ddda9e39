// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <sluice/context.hpp>
#include <string>
#include <string_view>

#include "runtime/kafka/rules.h"

namespace sluice::common::kafka {

// What an operator can do about it, as the end of a sentence; empty where nothing is known. `text`:
// the client's own words, which of a connection say more than its code.
std::string_view cure_of(rd_kafka_resp_err_t error, std::string_view text = {});

// What the client says of an error: `detail`, or else what the code means. Short enough that the
// cure behind it is not cut off by the host.
std::string words_of(rd_kafka_resp_err_t error, std::string_view detail);

// "what: words (code); cure".
std::string sentence(std::string_view what, rd_kafka_resp_err_t error,
                     std::string_view detail = {});

using sluice::kafka::needs_operator;

// Where a client's log lines go: to the host's log. Outlives the client, on whose threads they
// come.
struct ClientLog {
  explicit ClientLog(Context where) : context(where) {}
  Context context;
  bool debug = false;  // pass on what the client tells of its inner life
  // A consumer: its group is not about to share its partitions anew. Told by the client in no other
  // way than in its log.
  std::atomic<bool> steady{false};
};

// Lets the client log there. `debug`: the property of that name, as configured.
void log_to(rd_kafka_conf_t* conf, ClientLog* log);

}  // namespace sluice::common::kafka
