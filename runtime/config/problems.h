// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::config {

// Line and column, both from 1; 0: unknown.
struct Place {
  int line = 0;
  int column = 0;
};

// Collects what is wrong with one file, so that an operator sees everything at once. Bounded: what
// passes kMost is counted, not kept. Thread-compatible.
class Problems {
 public:
  static constexpr size_t kMost = 20;

  explicit Problems(std::string file) : file_(std::move(file)) {}

  // `path` is the dotted way to the key ("pipelines.orders.sinks.pg"), may be empty.
  void add(Place place, std::string_view path, std::string_view text);
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::string& file() const { return file_; }
  // OK, or kInvalid with one line a problem, sorted by place.
  [[nodiscard]] Status status() const;

 private:
  struct Problem {
    Place place;
    std::string line;
  };
  std::string file_;
  std::vector<Problem> list_;
  size_t left_out_ = 0;
};

// The parts one after another.
std::string cat(std::initializer_list<std::string_view> parts);
// Text of the file as it may stand in a message: one line, not long, in quotes.
std::string quote(std::string_view text);
// `path` + "." + `key`, made fit for a message.
std::string join_path(std::string_view path, std::string_view key);

}  // namespace sluice::config
