// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/json_schema/exceptions.h"

#include "runtime/base/file.h"

namespace sluice::testing {
namespace {

constexpr std::string_view kBegin = "<!-- suite exceptions -->";
constexpr std::string_view kEnd = "<!-- end -->";

std::string trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" `");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" `") - first + 1));
}

// The cells of "| a | b |"; "\|" is a bar inside one.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  std::string cell;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.push_back(trim(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

}  // namespace

Result<std::vector<Exception>> read_exceptions(const std::string& path) {
  SLUICE_ASSIGN_OR_RETURN(const std::string text, read_file(path, 1U << 20U));
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd, begin);
  if (begin == std::string::npos || end == std::string::npos) {
    return invalid(path + ": the markers " + std::string(kBegin) + " and " + std::string(kEnd) +
                   " are not there");
  }
  std::vector<Exception> out;
  std::string_view rest = std::string_view(text).substr(begin, end - begin);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    // The head and the line under it are no rows.
    if (!line.starts_with("| `")) continue;
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() != 4 || cells[3].empty()) {
      return invalid(path + ": expected file, schema, test and reason in: " + std::string(line));
    }
    out.push_back({cells[0], cells[1], cells[2], cells[3], 0});
  }
  return out;
}

}  // namespace sluice::testing
