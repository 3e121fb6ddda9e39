// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/file/options.h"

#include "plugins/common/options.h"

namespace sluice::file {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> read_paths(const Config& config) {
  common::refuse_unknown(config, {"paths", "format", "compression", "follow", "max_record",
                                  "max_expansion", "interval", "rescan", "rotate_wait"});
  std::vector<std::string> paths = config.strings("/paths");
  if (paths.empty()) {
    throw BadConfig("/paths: expected a list of files or globs with at least one entry");
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].empty() || paths[i].find('\0') != std::string::npos) {
      throw BadConfig(Config::at("/paths", i) + ": expected a file or glob, found an " +
                      (paths[i].empty() ? "empty string" : "embedded NUL"));
    }
  }
  return paths;
}

std::optional<common::Compression> read_compression(const Config& config) {
  const std::string name = config.string("/compression", "auto");
  if (name == "auto") return std::nullopt;
  for (const auto known :
       {common::Compression::kNone, common::Compression::kGzip, common::Compression::kZstd}) {
    if (name == common::to_string(known)) return known;
  }
  throw BadConfig("/compression: expected auto, none, gzip or zstd, found " + name);
}

milliseconds read_interval(const Config& config, const char* pointer, milliseconds fallback) {
  const milliseconds value = config.duration(pointer, fallback);
  if (value.count() >= 1) return value;
  throw BadConfig(std::string(pointer) + ": expected at least 1ms");
}

std::uint64_t read_max_record(const Config& config) {
  const std::uint64_t value = config.size("/max_record", std::uint64_t{16} << 20);
  if (value >= 1 && value <= (std::uint64_t{1} << 30)) return value;
  throw BadConfig("/max_record: expected 1 byte to 1GiB, found " + std::to_string(value));
}

std::uint64_t read_max_expansion(const Config& config) {
  const std::int64_t value = config.integer("/max_expansion", 5000);
  if (value >= 1) return static_cast<std::uint64_t>(value);
  throw BadConfig("/max_expansion: expected at least 1, found " + std::to_string(value));
}

}  // namespace

Options::Options(const Config& config)
    : paths(read_paths(config)),
      compression(read_compression(config)),
      follow(config.boolean("/follow", false)),
      max_record(read_max_record(config)),
      max_expansion(read_max_expansion(config)),
      interval(read_interval(config, "/interval", milliseconds(200))),
      rescan(read_interval(config, "/rescan", milliseconds(1000))),
      rotate_wait(config.duration("/rotate_wait", milliseconds(5000))) {
  if (const std::string format = config.string("/format", "jsonl"); format != "jsonl") {
    throw BadConfig("/format: expected jsonl, found " + format +
                    "; convert the file to one JSON value a line");
  }
}

}  // namespace sluice::file
