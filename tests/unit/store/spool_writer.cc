// SPDX-License-Identifier: Apache-2.0
// Fills and drains a spool until it is killed, and says what was acknowledged: for the tests that
// kill. usage: spool_writer STATE_DIR
#include <unistd.h>

#include <string>
#include <vector>

#include "runtime/store/spool.h"
#include "runtime/store/state_dir.h"

namespace sluice {
namespace {

void say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) ::_exit(3);
}

int fail(const Status& status) {
  say("failed " + status.message());
  return 1;
}

// What position n of a lane holds; the test compares with the same.
std::string value_of(uint64_t position) {
  return "{\"n\":" + std::to_string(position) + ",\"pad\":\"" +
         std::string(position * 37 % 3000, 'p') + "\"}";
}

Status append(Spool& spool, uint64_t first, uint64_t count) {
  std::vector<std::string> values;
  for (uint64_t i = 0; i < count; ++i) values.push_back(value_of(first + i));
  std::vector<SpoolRecord> records(count);
  for (uint64_t i = 0; i < count; ++i) {
    records[i].source = "source";
    records[i].lane = "lane";
    records[i].position = first + i;
    records[i].value = values[i];
  }
  return spool.append(records);
}

int run(const char* state_dir) {
  const auto state = StateDir::acquire(state_dir);
  if (!state) return fail(state.status());
  SpoolOptions options;
  options.state_dir = state_dir;
  options.sink = "pg";
  options.limit_bytes = 1 << 30;
  auto spool = open_spool(options);
  if (!spool) return fail(spool.status());
  const SpoolLane lane = (*spool)->lane("source", "lane");
  uint64_t next = lane.last_position + 1;
  SpoolItems items;
  for (uint64_t round = 1;; ++round) {
    const uint64_t count = 1 + round * 7 % 60;
    if (const Status done = append(**spool, next, count); !done) return fail(done);
    next += count;
    say("appended " + std::to_string(next - 1));
    if (round % 3 != 0) continue;
    if (const Status done = (*spool)->peek(0, 40, 1 << 20, items); !done) return fail(done);
    std::vector<uint64_t> ids;
    for (const SpoolItem& item : items.items()) ids.push_back(item.id);
    const uint64_t last = items.items().back().record.position;
    say("removing " + std::to_string(last));
    if (const Status done = (*spool)->remove(ids); !done) return fail(done);
    say("removed " + std::to_string(last));
  }
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) { return argc == 2 ? sluice::run(argv[1]) : 2; }
