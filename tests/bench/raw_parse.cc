// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/raw_parse.h"

#include <rapidjson/document.h>

#include <cstdio>
#include <cstdlib>

namespace sluice::bench {

double raw_parse(const Workload& load) {
  // In place means that the text is destroyed: a fresh copy for every round, not timed.
  std::string copy = load.text;
  for (const std::string_view record : load.records) {
    copy[static_cast<size_t>(record.data() + record.size() - load.text.data())] = '\0';
  }
  std::vector<char> pool(1 << 20);
  const double start = processor_seconds();
  for (const std::string_view record : load.records) {
    rapidjson::MemoryPoolAllocator<> allocator(pool.data(), pool.size());
    rapidjson::Document document(&allocator);
    document.ParseInsitu<rapidjson::kParseInsituFlag>(copy.data() +
                                                      (record.data() - load.text.data()));
    if (document.HasParseError()) {
      std::fprintf(stderr, "RapidJSON refuses a record\n");
      std::exit(2);
    }
  }
  return processor_seconds() - start;
}

}  // namespace sluice::bench
