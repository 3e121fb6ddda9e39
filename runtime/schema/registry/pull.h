// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/registry/client.h"

namespace sluice::registry {

// One version of a subject, and the file of the lineage that it is or would become.
struct Pulled {
  enum class What : uint8_t { kThere, kNew, kOtherType, kUnusable };
  What what = What::kNew;
  uint32_t version = 0;  // of the subject
  uint32_t id = 0;
  std::string type;
  std::filesystem::path file;  // kThere, kNew
  std::string text;            // kNew: what it is to hold
};

// What a folder of numbered versions lacks of a subject: its JSON Schemas, in the order of their
// versions, become the next numbers. Writes nothing. `folder` may be missing or empty. Errors: the
// registry's, and files of the folder that cannot be read.
Result<std::vector<Pulled>> plan_pull(RegistryClient& client, const std::string& subject,
                                      const std::filesystem::path& folder);
// Writes what is new; never over a file that is there.
Status write_pulled(const std::vector<Pulled>& plan);

}  // namespace sluice::registry
