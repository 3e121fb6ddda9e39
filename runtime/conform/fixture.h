// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::conform {

// What an adapter's author tells the kit; README.md describes the file. Immutable once read.
struct Fixture {
  struct Invalid {
    std::string config;
    std::string pointer;  // empty: not given
  };
  struct BadRecord {
    std::string value;
    std::string reason;  // declared code; empty: any
  };

  bool given = false;
  std::string component;           // empty: every component of the file
  std::vector<std::string> valid;  // JSON texts with ${DIR} in their strings
  std::vector<Invalid> invalid;
  std::vector<std::string> unopenable;
  std::vector<std::string> good;
  std::vector<BadRecord> bad;
  std::vector<std::pair<std::string, std::string>> files;  // name in the folder, content
  std::set<std::string> quirks;

  [[nodiscard]] bool has(std::string_view quirk) const {
    return quirks.count(std::string(quirk)) > 0;
  }
};

// Unknown members and quirks are errors ("did you mean"), as are wrong types; messages name the
// file and the JSON Pointer.
Result<Fixture> read_fixture(const std::filesystem::path& path);
Result<Fixture> parse_fixture(std::string_view json);

// The JSON text with ${DIR} replaced inside it, escaped as JSON wants it.
std::string expand_dir(std::string_view json, const std::filesystem::path& dir);

// Writes the fixture's files into `dir`.
Status write_setup(const Fixture& fixture, const std::filesystem::path& dir);

}  // namespace sluice::conform
