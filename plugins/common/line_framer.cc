// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/line_framer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::common {
namespace {

constexpr std::size_t kSmallest = 4096;       // smallest block
constexpr std::size_t kWorthReading = 65536;  // less room than this is not worth a read
constexpr std::uint64_t kMostKept = std::uint64_t{1} << 31;

std::string_view without_cr(const char* data, std::size_t size) {
  if (size > 0 && data[size - 1] == '\r') --size;
  return {data, size};
}

}  // namespace

LineFramer::LineFramer(std::shared_ptr<BlockPool> pool, std::uint64_t max_record,
                       std::uint64_t start)
    : pool_(std::move(pool)),
      max_record_(std::min(max_record, kMostKept)),
      position_(start),
      received_(start) {}

void LineFramer::move_to(std::size_t capacity) {
  BlockRef next = pool_->take(capacity);
  const std::size_t pending = end_ - begin_;
  if (pending > 0) std::memcpy(next->data(), block_->data() + begin_, pending);
  block_ = std::move(next);
  scan_ -= begin_;
  if (cut_done_) cut_next_ -= begin_;
  end_ = pending;
  begin_ = 0;
}

std::span<char> LineFramer::room(std::size_t expected) {
  expected = std::clamp(expected, kSmallest, BlockPool::kStandard);
  const std::size_t pending = end_ - begin_;
  const std::size_t have = block_ ? block_->capacity() - end_ : 0;
  if (have < std::min(expected, kWorthReading)) {
    // A long line doubles its block, so it is copied a bounded number of times.
    const std::size_t grown = std::min(pending, static_cast<std::size_t>(max_record_) + 1);
    const std::size_t least = pending + std::max(kWorthReading, cut_ ? 0 : grown);
    const std::size_t wanted = pending + std::max(expected, grown);
    // The standard size is the one the pool keeps.
    move_to(least <= BlockPool::kStandard && wanted > BlockPool::kStandard ? BlockPool::kStandard
            : cut_                                                         ? least
                                                                           : wanted);
  }
  return {block_->data() + end_, block_->capacity() - end_};
}

void LineFramer::filled(std::size_t n) {
  received_ += n;
  if (!cut_ || cut_done_) {
    end_ += n;
    return;
  }
  const char* fresh = block_->data() + end_;
  const void* newline = n > 0 ? std::memchr(fresh, '\n', n) : nullptr;
  if (newline == nullptr) {
    cut_dropped_ += n;  // end_ stays: the next read goes over these bytes
    return;
  }
  const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - fresh) + 1;
  cut_dropped_ += length;
  cut_next_ = end_ + length;
  cut_done_ = true;
  end_ += n;
}

void LineFramer::begin_cut() {
  const std::size_t kept = static_cast<std::size_t>(max_record_) + 1;
  cut_ = true;
  cut_done_ = false;
  cut_dropped_ = end_ - begin_ - kept;
  end_ = begin_ + kept;
  scan_ = end_;
}

bool LineFramer::peek(Line* out) {
  const std::size_t kept = static_cast<std::size_t>(max_record_) + 1;
  if (cut_) {
    if (!cut_done_) return false;
    *out = {{block_->data() + begin_, kept}, position_ + kept + cut_dropped_};
    peeked_next_ = cut_next_;
    peeked_position_ = out->end;
    return true;
  }
  while (scan_ < end_) {
    const char* data = block_->data();
    const void* newline = std::memchr(data + scan_, '\n', end_ - scan_);
    if (newline == nullptr) break;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(newline) - data);
    const std::string_view text = without_cr(data + begin_, at - begin_);
    const std::uint64_t next_position = position_ + (at + 1 - begin_);
    if (text.empty()) {
      step_over(at + 1, next_position);
      continue;
    }
    scan_ = at;  // found again at once if peeked at again
    *out = {text.substr(0, std::min(text.size(), kept)), next_position};
    peeked_next_ = at + 1;
    peeked_position_ = next_position;
    return true;
  }
  scan_ = end_;
  if (end_ - begin_ > kept) begin_cut();  // one byte spare: the last may be the CR of a line end
  return false;
}

bool LineFramer::peek_rest(Line* out) {
  const std::size_t kept = static_cast<std::size_t>(max_record_) + 1;
  if (cut_) {
    *out = {{block_->data() + begin_, kept}, position_ + kept + cut_dropped_};
    peeked_next_ = cut_done_ ? cut_next_ : end_;
    peeked_position_ = out->end;
    return true;
  }
  if (begin_ == end_) return false;
  const std::string_view text = without_cr(block_->data() + begin_, end_ - begin_);
  const std::uint64_t next_position = position_ + (end_ - begin_);
  if (text.empty()) {
    step_over(end_, next_position);
    return false;
  }
  *out = {text.substr(0, std::min(text.size(), kept)), next_position};
  peeked_next_ = end_;
  peeked_position_ = next_position;
  return true;
}

void LineFramer::take() {
  cut_ = false;
  cut_done_ = false;
  step_over(peeked_next_, peeked_position_);
}

void LineFramer::step_over(std::size_t next_begin, std::uint64_t next_position) {
  begin_ = next_begin;
  scan_ = next_begin;
  position_ = next_position;
}

void LineFramer::rest() {
  if (!block_ || cut_) return;
  if (begin_ == end_) {
    block_.reset();
    begin_ = scan_ = end_ = 0;
  } else if (block_->capacity() >= 16 * kSmallest && end_ - begin_ < block_->capacity() / 4) {
    move_to(end_ - begin_ + kSmallest);
  }
}

}  // namespace sluice::common
