// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/problems.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice::config {
namespace {

constexpr size_t kMostKept = 1000;  // before sorting, so that the first ones of the file are shown

}  // namespace

void Problems::add(Place place, std::string_view path, std::string_view text) {
  if (list_.size() >= kMostKept) {
    ++left_out_;
    return;
  }
  std::string line = file_;
  if (place.line > 0) {
    line += cat({":", std::to_string(place.line)});
    if (place.column > 0) line += cat({":", std::to_string(place.column)});
  }
  line += ": ";
  if (!path.empty()) line += cat({path, ": "});
  line += text;
  list_.push_back({place, std::move(line)});
}

Status Problems::status() const {
  if (list_.empty()) return Status::ok();
  std::vector<const Problem*> sorted;
  for (const Problem& problem : list_) sorted.push_back(&problem);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem* a, const Problem* b) {
    return std::pair(a->place.line, a->place.column) < std::pair(b->place.line, b->place.column);
  });
  std::string text;
  const size_t shown = std::min(sorted.size(), kMost);
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) text += '\n';
    text += sorted[i]->line;
  }
  const size_t rest = list_.size() - shown + left_out_;
  if (rest > 0) text += cat({"\n", file_, ": and ", std::to_string(rest), " more problems"});
  return invalid(std::move(text));
}

std::string cat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, shorten(text, 60));
  return out + '"';
}

std::string join_path(std::string_view path, std::string_view key) {
  std::string out(path);
  if (!out.empty()) out += '.';
  append_escaped(out, shorten(key, 64));
  return out;
}

}  // namespace sluice::config
