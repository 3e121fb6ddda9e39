// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/bundle_files.h"

#include <algorithm>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/script/workshop/test_runner.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

// As much as the largest file that a bundle may hold.
constexpr uint64_t kMaxFile = 64ULL << 20;

// What the scripts of a folder may require and look up.
void add_libraries(BundleFiles& out, const fs::path& scripts) {
  out.folders.push_back({scripts / "lib", ".lua"});
  out.folders.push_back({scripts / "lookup", ".csv"});
  out.folders.push_back({scripts / "lookup", ".json"});
}

// The files that tests name as golden("name"). A name that is put together by the test is not found
// here: a change of such a file is noticed with the next change of another.
void add_golden(BundleFiles& out, const fs::path& test) {
  constexpr std::string_view kCall = "golden";
  constexpr size_t kMostFiles = 1000;
  const auto text = read_file(test, kMaxFile);
  if (!text) return;
  const std::string_view all = *text;
  size_t found = 0;
  for (size_t at = all.find(kCall); at != std::string_view::npos && found < kMostFiles;
       at = all.find(kCall, at + 1)) {
    const size_t begin = all.find_first_not_of(" \t(", at + kCall.size());
    if (begin == std::string_view::npos) return;
    if (all[begin] != '"' && all[begin] != '\'') continue;
    const size_t end = all.find_first_of("\n\"'\\", begin + 1);
    if (end == std::string_view::npos || all[end] != all[begin] || end == begin + 1) continue;
    const fs::path name(all.substr(begin + 1, end - begin - 1));
    if (name.is_absolute()) continue;
    out.files.push_back((test.parent_path() / name).lexically_normal());
    ++found;
  }
}

void add_script(BundleFiles& out, const fs::path& script) {
  const fs::path test = workshop::test_file_of(script);
  out.files.push_back(script);
  out.files.push_back(test);
  add_golden(out, test);
  add_libraries(out, script.parent_path());
}

// The files of a folder that may matter, in a steady order.
std::vector<fs::path> list(const BundleFiles::Folder& folder) {
  std::vector<fs::path> out;
  std::error_code error;  // a folder that is not there holds nothing
  for (fs::directory_iterator at(folder.path, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with('.') && name.ends_with(folder.suffix)) out.push_back(at->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

void add_file(Sha256& hash, const fs::path& path) {
  const std::string name = path.string();
  hash.update(std::to_string(name.size()) + ":" + name);
  const auto content = read_file(path, kMaxFile);
  if (!content) {
    hash.update("missing:" + content.status().message());
    return;
  }
  hash.update(std::to_string(content->size()) + ":");
  hash.update(*content);
}

}  // namespace

BundleFiles BundleFiles::of(const PipelineConfig& config) {
  BundleFiles out;
  if (config.schema && config.schema->lineage) {
    out.folders.push_back({config.schema->path, ".json"});
    out.folders.push_back({config.schema->lifts, ".lua"});
    add_libraries(out, config.schema->lifts);
    add_libraries(out, config.schema->lifts.parent_path());
    if (!config.schema->version.ids.empty()) out.files.push_back(config.schema->version.ids);
  } else if (config.schema) {
    out.files.push_back(config.schema->path);
    // Schemas beside it, to which it may refer; not every JSON file, a sink may write some there.
    out.folders.push_back({config.schema->path.parent_path(), ".schema.json"});
  }
  if (config.transform) add_script(out, *config.transform);
  if (config.output_schema) out.files.push_back(*config.output_schema);
  return out;
}

std::vector<fs::path> BundleFiles::present() const {
  std::vector<fs::path> out = files;
  for (const Folder& folder : folders) {
    std::vector<fs::path> more = list(folder);
    out.insert(out.end(), more.begin(), more.end());
  }
  std::erase_if(out, [](const fs::path& file) {
    std::error_code error;  // what cannot be looked at cannot be read either
    return !fs::is_regular_file(file, error);
  });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string BundleFiles::fingerprint() const {
  Sha256 hash;
  hash.reset();
  for (const fs::path& file : files) add_file(hash, file);
  for (const Folder& folder : folders) {
    for (const fs::path& file : list(folder)) add_file(hash, file);
  }
  return to_hex(hash.finish());
}

}  // namespace sluice
