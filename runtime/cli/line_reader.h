// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"

namespace sluice::cli {

// Lines of a file or of standard input ("-"), one after the other; memory is bounded by the longest
// line allowed. The last line may lack its line break. Not thread-safe.
class LineReader {
 public:
  // Errors: the file is missing, a folder, or cannot be read.
  static Result<LineReader> open(const std::string& file, size_t max_line);

  // The next line without its break, or false at the end. The view holds until the next call. Of a
  // line that is too long only the beginning is answered, and too_long() is true.
  Result<bool> next(std::string_view* line);

  [[nodiscard]] uint64_t number() const { return number_; }  // of the last line, from 1
  [[nodiscard]] uint64_t bytes() const { return bytes_; }    // read so far
  [[nodiscard]] bool too_long() const { return too_long_; }

 private:
  LineReader(UniqueFd owned, int fd, std::string name, size_t max_line)
      : owned_(std::move(owned)), fd_(fd), name_(std::move(name)), max_line_(max_line) {}
  Result<bool> fill();

  UniqueFd owned_;  // empty for standard input
  int fd_;
  std::string name_;
  size_t max_line_;
  std::string buffer_;
  size_t at_ = 0;        // where the next line begins
  size_t searched_ = 0;  // no line break between at_ and here
  uint64_t number_ = 0;
  uint64_t bytes_ = 0;
  bool too_long_ = false;
  bool end_ = false;
};

}  // namespace sluice::cli
