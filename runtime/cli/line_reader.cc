// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/base/file.h"

namespace sluice::cli {
namespace {

constexpr size_t kChunk = 256U << 10U;

}  // namespace

Result<LineReader> LineReader::open(const std::string& file, size_t max_line) {
  if (file == "-") return LineReader(UniqueFd(), STDIN_FILENO, "standard input", max_line);
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return not_found(file + ": " + errno_text(errno));
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return invalid(file + " is a folder; expected a file of JSON Lines, or - for standard input");
  }
  const int number = fd.get();
  return LineReader(std::move(fd), number, file, max_line);
}

// Reads more behind what is there; false at the end.
Result<bool> LineReader::fill() {
  if (at_ > 0) {
    buffer_.erase(0, at_);
    searched_ -= at_;
    at_ = 0;
  }
  const size_t had = buffer_.size();
  buffer_.resize(had + kChunk);
  ssize_t n = 0;
  do {
    n = ::read(fd_, buffer_.data() + had, kChunk);
  } while (n < 0 && errno == EINTR);
  buffer_.resize(had + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n < 0) return invalid(name_ + ": " + errno_text(errno));
  bytes_ += static_cast<uint64_t>(n);
  return n > 0;
}

Result<bool> LineReader::next(std::string_view* line) {
  too_long_ = false;
  for (;;) {
    const size_t newline = buffer_.find('\n', std::max(at_, searched_));
    if (newline != std::string::npos || (end_ && at_ < buffer_.size())) {
      const size_t stop = std::min(newline, buffer_.size());
      *line = std::string_view(buffer_).substr(at_, stop - at_);
      at_ = searched_ = std::min(stop + 1, buffer_.size());
      if (line->ends_with('\r')) line->remove_suffix(1);
      too_long_ = too_long_ || line->size() > max_line_;
      ++number_;
      return true;
    }
    if (end_) return false;
    searched_ = buffer_.size();
    if (buffer_.size() - at_ > max_line_) {
      // Nothing of it is of use any more; only its end is looked for.
      too_long_ = true;
      buffer_.resize(at_ + 64);
      searched_ = buffer_.size();
    }
    SLUICE_ASSIGN_OR_RETURN(const bool more, fill());
    end_ = !more;
  }
}

}  // namespace sluice::cli
