// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/bundle_store.h"

#include <algorithm>
#include <cctype>
#include <system_error>
#include <vector>

#include "runtime/base/fault.h"
#include "runtime/base/file.h"
#include "runtime/base/log.h"
#include "runtime/pipeline/bundle_files.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr char kUnfinished[] = ".unfinished";

bool is_hash(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(),
                                          [](unsigned char c) { return std::isxdigit(c) != 0; });
}

Status folder_error(const fs::path& path, const std::error_code& error) {
  return unavailable(path.string() + ": " + error.message());
}

// Where a file lies below the folder of its bundle: its whole path again.
fs::path below(const fs::path& root, const fs::path& path) { return root / path.relative_path(); }

// The way back.
fs::path above(const fs::path& root, const fs::path& path) {
  const fs::path rest = path.lexically_relative(root);
  return rest.empty() || *rest.begin() == ".." ? path : fs::path("/") / rest;
}

PipelineConfig relocated(PipelineConfig config, const fs::path& root) {
  if (config.transform) config.transform = below(root, *config.transform);
  if (config.output_schema) config.output_schema = below(root, *config.output_schema);
  if (!config.schema) return config;
  config.schema->path = below(root, config.schema->path);
  if (!config.schema->lifts.empty()) config.schema->lifts = below(root, config.schema->lifts);
  fs::path& ids = config.schema->version.ids;
  if (!ids.empty()) ids = below(root, ids);
  return config;
}

Status copy_files(const std::vector<fs::path>& files, const fs::path& root) {
  uint64_t bytes = 0;
  for (const fs::path& file : files) {
    SLUICE_ASSIGN_OR_RETURN(const std::string content, read_file(file, BundleStore::kMaxBytes));
    bytes += content.size();
    if (bytes > BundleStore::kMaxBytes) {
      return invalid("the files of the bundle are larger than " +
                     std::to_string(BundleStore::kMaxBytes) + " bytes together");
    }
    const fs::path target = below(root, file);
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) return folder_error(target.parent_path(), error);
    SLUICE_RETURN_IF_ERROR(write_file_atomic(target, content));
  }
  return Status::ok();
}

}  // namespace

Status BundleStore::save(const PipelineConfig& config, const Bundle& bundle) {
  std::error_code error;
  if (fs::exists(dir_ / bundle.hash, error)) return Status::ok();
  const fs::path unfinished = dir_ / (bundle.hash + kUnfinished);
  fs::remove_all(unfinished, error);
  const BundleFiles files = BundleFiles::of(config);
  fs::create_directories(unfinished, error);
  if (error) return folder_error(unfinished, error);
  fs::permissions(dir_, fs::perms::owner_all, error);
  Status copied = copy_files(files.present(), unfinished);
  if (copied && files.fingerprint() != bundle.fingerprint) {
    copied = unavailable("the files changed while they were copied");
  }
  if (copied) {
    SLUICE_FAULT("bundle.save.before_rename");
    fs::rename(unfinished, dir_ / bundle.hash, error);
    // The reload that is noted next must not outlive what it names.
    copied = error ? folder_error(dir_ / bundle.hash, error) : sync_folder(dir_);
  }
  SLUICE_FAULT("bundle.save.after_rename");
  if (!copied) fs::remove_all(unfinished, error);
  return copied;
}

Result<std::shared_ptr<const Bundle>> BundleStore::load(const PipelineConfig& config,
                                                        const std::string& hash) const {
  const fs::path root = dir_ / hash;
  std::error_code error;
  if (!is_hash(hash) || !fs::is_directory(root, error)) {
    return not_found("the bundle " + hash.substr(0, 12) + " is not kept any more");
  }
  auto loaded = Bundle::load(relocated(config, root));
  if (!loaded) return std::move(loaded).status().with_context("the bundle that was kept");
  if ((*loaded)->hash != hash) {
    return Status(Code::kCorrupt, "what is kept in " + root.string() +
                                      " makes another bundle with the pipeline's options of now");
  }
  auto out = std::make_shared<Bundle>(**loaded);
  out->fingerprint.clear();
  out->script_file = above(root, out->script_file);
  out->schema_place = above(root, out->schema_place);
  out->output_schema_file = above(root, out->output_schema_file);
  out->files.clear();
  for (const auto& [path, of_file] : (*loaded)->files) {
    out->files[above(root, path).string()] = of_file;
  }
  return std::shared_ptr<const Bundle>(std::move(out));
}

void BundleStore::prune(const std::set<std::string>& keep) {
  std::error_code error;
  std::vector<fs::path> old;
  for (fs::directory_iterator at(dir_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool ours = is_hash(name) || name.ends_with(kUnfinished);
    if (ours && !keep.contains(name)) old.push_back(at->path());
  }
  for (const fs::path& path : old) {
    fs::remove_all(path, error);
    if (error) log::warn("bundle.prune", path.string() + ": " + error.message());
  }
}

}  // namespace sluice
