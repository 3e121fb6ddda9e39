// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

// Members of the union behind librdkafka's list of values (rd_kafka_produceva).
namespace sluice::kafka {

inline rd_kafka_vu_t value_of(rd_kafka_vtype_t type) {
  rd_kafka_vu_t out{};
  out.vtype = type;
  return out;
}

inline rd_kafka_vu_t memory_of(rd_kafka_vtype_t type, std::string_view bytes) {
  rd_kafka_vu_t out = value_of(type);
  // The client only reads it. An empty text has an address, which tells it from an absent one.
  out.u.mem.ptr = const_cast<char*>(bytes.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  out.u.mem.size = bytes.size();
  return out;
}

}  // namespace sluice::kafka
