// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <sluice/context.hpp>
#include <string>
#include <string_view>

namespace sluice::common::kafka {

// What an operator can do about it, as the end of a sentence; empty where nothing is known.
std::string_view cure_of(rd_kafka_resp_err_t error);

// "what: name (code): detail; cure".
std::string sentence(std::string_view what, rd_kafka_resp_err_t error,
                     std::string_view detail = {});

// True where only an operator can help: no right, no such mechanism, a configuration the broker
// refuses.
bool needs_operator(rd_kafka_resp_err_t error);

// Lets the client's log lines go to the host's log of `context`, which must outlive the client.
// They come on the client's threads.
void log_to(rd_kafka_conf_t* conf, const Context* context);

}  // namespace sluice::common::kafka
