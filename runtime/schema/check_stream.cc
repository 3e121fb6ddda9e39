// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/check_stream.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

constexpr size_t kReadBytes = 1U << 20U;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class Checker {
 public:
  Checker(const Schema& schema, const StreamOptions& options, StreamListener& listener)
      : schema_(schema),
        options_(options),
        listener_(listener),
        scratch_(schema.make_scratch()),
        buffer_(kReadBytes) {}

  Result<StreamCounts> run(int fd) {
    while (true) {
      if (used_ == buffer_.size()) make_room();
      const ssize_t n = ::read(fd, buffer_.data() + used_, buffer_.size() - used_);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return unavailable("cannot read the records: " + errno_text(errno));
      if (n == 0) break;
      counts_.bytes += static_cast<uint64_t>(n);
      used_ += static_cast<size_t>(n);
      if (options_.format == RecordFormat::kJsonLines) take_lines(used_ - static_cast<size_t>(n));
      listener_.on_progress(counts_);
    }
    if (skipping_) {
      refuse_large();
    } else {
      ++line_;
      check({buffer_.data(), used_});
    }
    return counts_;
  }

 private:
  // The buffer is full of one record that has not ended.
  void make_room() {
    if (buffer_.size() <= options_.limits.max_bytes) {
      buffer_.resize(std::min<size_t>(buffer_.size() * 2, options_.limits.max_bytes + kReadBytes));
    } else {
      skipping_ = true;
      used_ = 0;
    }
  }

  // Checks the lines that are whole; `from` is where what was just read begins.
  void take_lines(size_t from) {
    size_t begin = 0;
    while (const void* found = std::memchr(buffer_.data() + from, '\n', used_ - from)) {
      const auto end = static_cast<size_t>(static_cast<const char*>(found) - buffer_.data());
      if (skipping_) {
        refuse_large();
        skipping_ = false;
      } else {
        ++line_;
        check({buffer_.data() + begin, end - begin});
      }
      begin = from = end + 1;
    }
    if (skipping_) begin = used_;
    std::memmove(buffer_.data(), buffer_.data() + begin, used_ - begin);
    used_ -= begin;
  }

  void refuse_large() {
    ++line_;
    refuse("the record has more than " + format_size(options_.limits.max_bytes));
  }

  void refuse(std::string message) {
    ++counts_.invalid;
    ++counts_.unparsed;
    SchemaFailure failure;
    failure.keyword = "parse";
    failure.expected = "JSON";
    failure.found = message;
    failure.message = std::move(message);
    listener_.on_invalid(line_, nullptr, {failure});
  }

  void check(std::string_view text) {
    if (options_.format == RecordFormat::kJsonLines && is_blank(text)) return;
    if (const ParseResult parsed = document_.parse(text, options_.limits); !parsed) {
      refuse(std::string(parsed.message) + " (at byte " + std::to_string(parsed.offset) + " of " +
             std::to_string(text.size()) + ")");
      return;
    }
    if (schema_.validate(document_, *scratch_)) {
      ++counts_.valid;
      return;
    }
    const auto failures = schema_.explain(document_, options_.failures_per_record);
    ++counts_.invalid;
    ++(worst_class(failures) == FailureClass::kDrift ? counts_.drift : counts_.value);
    listener_.on_invalid(line_, &document_, failures);
  }

  const Schema& schema_;
  const StreamOptions& options_;
  StreamListener& listener_;
  std::unique_ptr<Schema::Scratch> scratch_;
  std::vector<char> buffer_;
  size_t used_ = 0;
  bool skipping_ = false;  // within a line that is too large
  uint64_t line_ = 0;
  Document document_;
  StreamCounts counts_;
};

}  // namespace

Result<StreamCounts> check_stream(const Schema& schema, int fd, const StreamOptions& options,
                                  StreamListener& listener) {
  return Checker(schema, options, listener).run(fd);
}

}  // namespace sluice
