// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/lineage/lineage.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".schema.json";
constexpr uint64_t kMaxLift = 4 << 20;
constexpr uint32_t kMostNumber = 999'999'999;

// Left in a folder by editors, mounts and people; never a schema by mistake.
bool passed_over(std::string_view name) {
  return name.starts_with('.') || name.ends_with('~') || name == "README.md";
}

// The N of "N.schema.json", in its one spelling.
std::optional<uint32_t> version_of(std::string_view name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool one_spelling = name.size() == 1 || !name.starts_with('0');
  if (error != std::errc() || end != name.data() + name.size() || !one_spelling ||
      number > kMostNumber) {
    return std::nullopt;
  }
  return number;
}

std::string schema_name(uint32_t number) { return std::to_string(number) + std::string(kSuffix); }
std::string lift_name(uint32_t from) {
  return std::to_string(from) + "_to_" + std::to_string(from + 1) + ".lua";
}

Status folder_error(const fs::path& folder, const std::error_code& error) {
  return {error == std::errc::no_such_file_or_directory ? Code::kNotFound : Code::kUnavailable,
          folder.string() + ": " + error.message() +
              "; expected a folder with the versions of a schema: 1.schema.json, 2.schema.json, "
              "and so on"};
}

// The numbers there are, rising, without a gap.
Result<std::vector<uint32_t>> list_versions(const fs::path& folder) {
  std::vector<uint32_t> numbers;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error) return folder_error(folder, error);
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) return folder_error(folder, error);
    const std::string name = entry->path().filename().string();
    std::error_code gone;  // a file removed meanwhile is no file of the lineage
    if (passed_over(name) || entry->is_directory(gone)) continue;
    const auto number = version_of(name);
    if (!number) {
      return invalid((folder / name).string() +
                     ": not a version of this schema; versions are named 1.schema.json, "
                     "2.schema.json and so on, rename the file or move it out of the folder");
    }
    numbers.push_back(*number);
    if (numbers.size() > Lineage::kMostVersions) {
      return invalid(folder.string() + ": more than " + std::to_string(Lineage::kMostVersions) +
                     " versions; remove the oldest, whose records no longer come");
    }
  }
  if (error) return folder_error(folder, error);
  if (numbers.empty()) {
    return invalid(folder.string() +
                   ": holds no version of a schema; expected 1.schema.json, 2.schema.json and so "
                   "on");
  }
  std::sort(numbers.begin(), numbers.end());
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] == numbers[i - 1] + 1) continue;
    const std::string missing = schema_name(numbers[i - 1] + 1);
    return invalid((folder / missing).string() + ": missing, though " +
                   schema_name(numbers[i - 1]) + " and " + schema_name(numbers[i]) +
                   " are there; versions are numbered without gaps: add it, or renumber the later "
                   "ones");
  }
  return numbers;
}

// What is there in place of a lift, for the message that it is missing.
std::string other_lift(const fs::path& folder, uint32_t from) {
  const std::string prefix = std::to_string(from) + "_to_";
  std::error_code ignored;  // the folder itself may be missing, which the message says
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".lua")) {
      return "; " + name + " was found, but a lift goes one version at a time";
    }
  }
  return "";
}

Result<std::shared_ptr<const Script>> load_lift(const Lineage::Options& options, uint32_t from) {
  const fs::path path = options.lifts / lift_name(from);
  auto text = read_file(path, kMaxLift);
  if (!text && text.status().code() == Code::kNotFound) {
    return invalid(path.string() + ": missing; without it records of version " +
                   std::to_string(from) + " cannot become version " + std::to_string(from + 1) +
                   other_lift(options.lifts, from) +
                   "; write it (function transform(r) ... return r end), or remove " +
                   schema_name(from) + " when no more records of that version come");
  }
  if (!text) return std::move(text).status();
  // Lifts share libraries and tables with the scripts above them, unless they have their own.
  std::error_code error;
  const bool own = fs::is_directory(options.lifts / "lib", error) ||
                   fs::is_directory(options.lifts / "lookup", error);
  const fs::path lib_root = own ? options.lifts : options.lifts.parent_path();
  auto script = Script::from_text(path.filename().string(), std::move(text).value(), lib_root,
                                  options.limits);
  if (!script) return std::move(script).status().with_context(options.lifts.string());
  return script;
}

}  // namespace

Result<std::shared_ptr<const Lineage>> Lineage::load(const Options& options) {
  SLUICE_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers, list_versions(options.folder));
  auto lineage = std::make_shared<Lineage>();
  std::string identity;
  for (const uint32_t number : numbers) {
    LineageVersion version;
    version.number = number;
    version.name = std::to_string(number);
    version.file = options.folder / schema_name(number);
    SLUICE_ASSIGN_OR_RETURN(version.schema, compile_schema_file(version.file, options.schema));
    identity += version.name + ":" + version.schema->hash();
    if (number != numbers.back()) {
      version.lift_file = options.lifts / lift_name(number);
      SLUICE_ASSIGN_OR_RETURN(version.lift, load_lift(options, number));
      identity += ":" + version.lift->hash();
    }
    identity += '\n';
    lineage->versions_.push_back(std::move(version));
  }
  lineage->hash_ = sha256_hex(identity);
  return std::shared_ptr<const Lineage>(std::move(lineage));
}

std::optional<size_t> Lineage::index_of(uint64_t number) const {
  if (number < versions_.front().number || number > versions_.back().number) return std::nullopt;
  return static_cast<size_t>(number - versions_.front().number);
}

std::string Lineage::range_text() const {
  if (versions_.size() == 1) return "version " + versions_.front().name;
  return "versions " + versions_.front().name + " to " + versions_.back().name;
}

std::string Lineage::there_is_text() const {
  return (versions_.size() == 1 ? "there is " : "there are ") + range_text();
}

}  // namespace sluice
