// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/pull.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/schema/registry/identity.h"
#include "runtime/schema/sources.h"

namespace sluice::registry {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPulledSuffix = ".schema.json";
constexpr unsigned kReadableByAll = 0644;

// What lies in the folder.
struct Present {
  std::map<Sha256Digest, fs::path> files;  // by the schema in it
  uint32_t highest = 0;
};

Result<Present> look(const fs::path& folder) {
  Present out;
  std::error_code error;
  if (!fs::exists(folder, error)) return out;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(kPulledSuffix)) continue;
    uint32_t number = 0;
    const char* digits_end = name.data() + name.size() - kPulledSuffix.size();
    const auto [last, wrong] = std::from_chars(name.data(), digits_end, number);
    if (wrong != std::errc() || last != digits_end) continue;
    out.highest = std::max(out.highest, number);
    SLUICE_ASSIGN_OR_RETURN(const std::string text, read_file(at->path(), schema::kMaxSchemaBytes));
    if (const auto identity = schema_identity(text)) out.files.emplace(*identity, at->path());
  }
  if (error) return unavailable(folder.string() + ": " + error.message());
  return out;
}

}  // namespace

Result<std::vector<Pulled>> plan_pull(RegistryClient& client, const std::string& subject,
                                      const fs::path& folder) {
  SLUICE_ASSIGN_OR_RETURN(Present present, look(folder));
  SLUICE_ASSIGN_OR_RETURN(const std::vector<uint32_t> versions, client.versions(subject));
  std::vector<Pulled> out;
  for (const uint32_t version : versions) {
    SLUICE_ASSIGN_OR_RETURN(Registered found, client.version(subject, version));
    Pulled& pulled = out.emplace_back();
    pulled.version = version;
    pulled.id = found.id;
    pulled.type = std::move(found.type);
    const auto identity = schema_identity(found.text);
    if (pulled.type != "JSON") {
      pulled.what = Pulled::What::kOtherType;
    } else if (!identity) {
      pulled.what = Pulled::What::kUnusable;
    } else if (const auto at = present.files.find(*identity); at != present.files.end()) {
      pulled.what = Pulled::What::kThere;
      pulled.file = at->second;
    } else {
      pulled.file = folder / (std::to_string(++present.highest) + std::string(kPulledSuffix));
      pulled.text = std::move(found.text) + "\n";
      present.files.emplace(*identity, pulled.file);
    }
  }
  return out;
}

Status write_pulled(const std::vector<Pulled>& plan) {
  for (const Pulled& pulled : plan) {
    if (pulled.what != Pulled::What::kNew) continue;
    std::error_code error;
    fs::create_directories(pulled.file.parent_path(), error);
    if (error) return unavailable(pulled.file.parent_path().string() + ": " + error.message());
    if (fs::exists(pulled.file, error)) {
      return Status(Code::kExists, pulled.file.string() + " has come meanwhile; look once more");
    }
    SLUICE_RETURN_IF_ERROR(write_file_atomic(pulled.file, pulled.text, kReadableByAll));
  }
  return Status::ok();
}

}  // namespace sluice::registry
