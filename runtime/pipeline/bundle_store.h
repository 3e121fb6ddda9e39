// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "runtime/base/status.h"
#include "runtime/pipeline/bundle.h"

namespace sluice {

// The files of bundles that ran, in the folder `bundles` of the state folder, one folder a hash: so
// that an earlier one can run again though its files are gone, also after a restart. Calls of one
// thread at a time.
class BundleStore {
 public:
  static constexpr size_t kKept = 10;                 // of each pipeline, see prune()
  static constexpr uint64_t kMaxBytes = 64ULL << 20;  // of one bundle; larger ones are not kept

  explicit BundleStore(const std::filesystem::path& state_dir) : dir_(state_dir / "bundles") {}

  // Keeps what the pipeline's files hold now, which has to be what the bundle was made of: files
  // that changed since are an error, kUnavailable. A bundle that is there already is left alone.
  Status save(const PipelineConfig& config, const Bundle& bundle);
  // A bundle of this pipeline that was saved. It names the files it came from; its fingerprint is
  // empty. kNotFound: it is not there; kCorrupt: what is there (or the pipeline's options, which
  // count too) makes another bundle.
  Result<std::shared_ptr<const Bundle>> load(const PipelineConfig& config,
                                             const std::string& hash) const;
  // Removes all others, and what was left unfinished.
  void prune(const std::set<std::string>& keep);

 private:
  const std::filesystem::path dir_;
};

}  // namespace sluice
