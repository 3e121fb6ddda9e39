// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/load.h"

#include <array>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/config/build.h"
#include "runtime/config/checked_file.h"
#include "runtime/config/placeholder.h"

namespace sluice {
namespace config {
namespace {

Result<std::string> read_text(const std::filesystem::path& file) {
  auto text = read_file(file, kMaxFileBytes);
  if (text) return text;
  Status status = std::move(text).status();
  const char* cure = status.code() == Code::kNotFound
                         ? "; name the configuration with -c FILE"
                         : "; the configuration must be a readable text file";
  return Status(status.code(), status.message() + cure);
}

Result<CheckedFile> parse_text(std::string_view text, const std::filesystem::path& file,
                               Problems& problems) {
  std::error_code error;
  CheckedFile out;
  out.file = file;
  out.base = std::filesystem::absolute(file, error).lexically_normal().parent_path();
  if (error) return unavailable(file.string() + ": the current folder is gone; use a full path");
  out.tree = std::make_unique<YamlNode>(parse_yaml(text, problems));
  SLUICE_RETURN_IF_ERROR(problems.status());
  return out;
}

}  // namespace

Result<CheckedFile> read_tree(const std::filesystem::path& file) {
  SLUICE_ASSIGN_OR_RETURN(const std::string text, read_text(file));
  Problems problems(file.string());
  return parse_text(text, file, problems);
}

Result<CheckedFile> check_text(std::string_view text, const std::filesystem::path& file,
                               const Environment& env) {
  Problems problems(file.string());
  SLUICE_ASSIGN_OR_RETURN(CheckedFile out, parse_text(text, file, problems));
  expand_placeholders(*out.tree, out.base, env, problems);
  out.value = check_tree(*out.tree, out.base, problems);
  check_rules(out.value, problems);
  SLUICE_RETURN_IF_ERROR(problems.status());
  return out;
}

Result<CheckedFile> check_file(const std::filesystem::path& file, const Environment& env) {
  SLUICE_ASSIGN_OR_RETURN(const std::string text, read_text(file));
  return check_text(text, file, env);
}

}  // namespace config

namespace {

// Longest known part of the pointer: "/columns/id/from", "/columns/id", ...
ConfigPlace nearest(const ConfigPlace& place, const OptionPlaces& options,
                    std::string_view pointer) {
  for (;;) {
    const auto found = options.lines.find(pointer);
    if (found != options.lines.end()) return {place.file, found->second};
    const size_t slash = pointer.rfind('/');
    if (slash == std::string_view::npos) return place;
    pointer = pointer.substr(0, slash);
  }
}

}  // namespace

ConfigPlace SourceConfig::place_of(std::string_view pointer) const {
  return nearest(place, options, pointer);
}
ConfigPlace SinkConfig::place_of(std::string_view pointer) const {
  return nearest(place, options, pointer);
}

Result<Config> load_config(const std::filesystem::path& file, const Environment& env,
                           const LoadOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const config::CheckedFile checked, config::check_file(file, env));
  return config::build_config(checked.value, checked.file, checked.base,
                              config::executable_dir(options));
}

Result<std::filesystem::path> find_config_file(const std::filesystem::path& given,
                                               const Environment& env) {
  if (!given.empty()) return given;
  if (const auto named = env.get("SLUICE_CONFIG"); named && !named->empty()) {
    return std::filesystem::path(*named);
  }
  static constexpr std::array kPlaces = {"./sluice.yaml", "/etc/sluice/sluice.yaml"};
  for (const char* place : kPlaces) {
    std::error_code error;
    if (std::filesystem::exists(place, error)) return std::filesystem::path(place);
  }
  return not_found(
      "no configuration: $SLUICE_CONFIG is not set, and neither ./sluice.yaml nor "
      "/etc/sluice/sluice.yaml exists; name one with -c FILE");
}

}  // namespace sluice
