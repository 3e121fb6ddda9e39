// SPDX-License-Identifier: Apache-2.0
// What a spool takes and gives: records a second appended (one fsync an append) and drained, the
// time to open a full one, and the same number of bytes written to a plain file with as many
// fsyncs, since disks differ more than programs do.
// usage: spool_bench FOLDER [RECORDS=200000] [BYTES=500] [RECORDS_AN_APPEND=1000]
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"
#include "runtime/store/spool.h"

namespace sluice {
namespace {

struct Load {
  size_t records = 200'000;
  size_t bytes = 500;
  size_t at_once = 1000;
};

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "spool_bench: %s\n", why.c_str());
  std::exit(1);
}
void need(const Status& status) {
  if (!status) stop(status.message());
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Values that compress about as well as JSON does.
std::string value_of(size_t n, size_t bytes) {
  std::string out = "{\"order_id\":" + std::to_string(n) + ",\"customer\":\"";
  for (size_t x = n + 1; out.size() + 2 < bytes;
       x = x * 6364136223846793005U + 1442695040888963407U) {
    out += static_cast<char>('a' + (x >> 33) % 12);
  }
  return out + "\"}";
}

std::unique_ptr<Spool> open_at(const std::filesystem::path& folder) {
  SpoolOptions options;
  options.state_dir = folder;
  options.sink = "bench";
  options.limit_bytes = UINT64_MAX / 2;
  auto spool = open_spool(options);
  need(spool.status());
  return std::move(spool).value();
}

// Seconds, and the fsyncs among them.
double append_all(Spool& spool, const Load& load, const std::vector<std::string>& values) {
  std::vector<SpoolRecord> records(load.at_once);
  const double began = now();
  for (size_t at = 0; at < load.records; at += load.at_once) {
    records.resize(std::min(load.at_once, load.records - at));
    for (size_t i = 0; i < records.size(); ++i) {
      SpoolRecord& record = records[i];
      record.source = "orders-in";
      record.lane = (at / load.at_once) % 2 == 0 ? "orders/0" : "orders/1";
      record.position = at + i;
      record.value = values[(at + i) % values.size()];
      record.raw = record.value;
      record.schema_version = "3";
    }
    need(spool.append(records));
  }
  return now() - began;
}

double drain(Spool& spool, const Load& load) {
  SpoolItems items;
  std::vector<uint64_t> ids;
  size_t seen = 0;
  const double began = now();
  for (;;) {
    need(spool.peek(0, load.at_once, 8 << 20, items));
    if (items.empty()) break;
    ids.clear();
    for (const SpoolItem& item : items.items()) ids.push_back(item.id);
    need(spool.remove(ids));
    seen += ids.size();
  }
  const double took = now() - began;
  if (seen != load.records) stop("drained " + std::to_string(seen));
  return took;
}

double plain_file(const std::filesystem::path& path, const Load& load,
                  const std::vector<std::string>& values) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const double began = now();
  std::string text;
  for (size_t at = 0; at < load.records; at += load.at_once) {
    text.clear();
    for (size_t i = at; i < std::min(load.records, at + load.at_once); ++i) {
      text += values[i % values.size()];
    }
    if (::write(file.get(), text.data(), text.size()) < 0 || ::fdatasync(file.get()) != 0) {
      stop("plain file");
    }
  }
  return now() - began;
}

void tell(const char* what, double seconds, const Load& load) {
  std::printf("%-22s %8.3f s  %10.0f records/s  %7.1f MB/s\n", what, seconds,
              static_cast<double>(load.records) / seconds,
              static_cast<double>(load.records * load.bytes) / 1e6 / seconds);
}

int run(const std::filesystem::path& folder, const Load& load) {
  std::filesystem::create_directories(folder);
  std::vector<std::string> values;
  for (size_t i = 0; i < 10'000; ++i) values.push_back(value_of(i, load.bytes));
  const double plain = plain_file(folder / "plain", load, values);
  auto spool = open_at(folder);
  if (spool->stats().records != 0) stop("the folder has a spool with records; name another");
  const double appended = append_all(*spool, load, values);
  const SpoolStats full = spool->stats();
  spool.reset();
  const double opening = now();
  spool = open_at(folder);
  const double opened = now() - opening;
  const double drained = drain(*spool, load);
  tell("plain file, fdatasync", plain, load);
  tell("append", appended, load);
  tell("open", opened, load);
  tell("drain", drained, load);
  std::printf("append over plain file: %.2f; counted %.1f MB for %.1f MB\n", appended / plain,
              static_cast<double>(full.bytes) / 1e6,
              static_cast<double>(load.records * load.bytes) / 1e6);
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: spool_bench FOLDER [RECORDS=200000] [BYTES=500] "
                 "[RECORDS_AN_APPEND=1000]\n");
    return 2;
  }
  sluice::Load load;
  if (argc > 2) load.records = std::strtoull(argv[2], nullptr, 10);
  if (argc > 3) load.bytes = std::strtoull(argv[3], nullptr, 10);
  if (argc > 4) load.at_once = std::strtoull(argv[4], nullptr, 10);
  return sluice::run(argv[1], load);
}
