// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/file/file_lane.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::file {
namespace {

constexpr std::size_t kInput = std::size_t{256} << 10;  // of compressed bytes read at once

}  // namespace

FileLane::FileLane(const Options& options, std::shared_ptr<common::BlockPool> pool, FoundFile file,
                   common::Fd fd)
    : options_(&options), pool_(std::move(pool)), file_(std::move(file)), fd_(std::move(fd)) {}

bool FileLane::look(bool complete) {
  problem_.clear();
  if (!read_at(fd_.get(), 0, Fingerprint::kSpan, &head_)) {
    problem_ = file_.path + ": cannot read: " + std::strerror(errno);
    return false;
  }
  if (head_.empty()) return false;
  if (options_->compression) {
    compression_ = *options_->compression;
    return true;
  }
  return common::detect_compression(head_, complete, &compression_);
}

Fingerprint FileLane::first_print() const {
  Fingerprint print;
  print.head_size = head_.size();
  print.head_hash = content_hash(head_);
  return print;
}

std::uint64_t FileLane::size() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

void FileLane::start(KnownFile& known, std::uint32_t id, std::uint64_t position) {
  known_ = &known;
  known.taken = true;
  id_ = id;
  lines_.emplace(pool_, options_->max_record, position);
  at_end_ = false;
  input_.clear();
  input_used_ = 0;
  if (plain()) {
    decoder_.reset();
    raw_ = position;
    skip_ = 0;
  } else {
    decoder_.emplace(compression_, options_->max_expansion);
    raw_ = 0;
    skip_ = position;
  }
}

void FileLane::begin_anew() {
  known_ = nullptr;
  lines_.reset();
  decoder_.reset();
  input_.clear();
  input_.shrink_to_fit();
  raw_ = 0;
  at_end_ = false;
}

FileLane::Step FileLane::advance(BatchBuilder& out, Clock::time_point deadline,
                                 const common::StopSignal& stop) {
  if (damaged_) return Step::kDamaged;
  // Also without time to wait, a poll gets somewhere.
  constexpr int kLeastReads = 4;
  held_ = nullptr;
  for (int reads = 1;; ++reads) {
    if (!take_lines(out)) return Step::kFull;
    if (const auto ended = read()) {
      if (*ended == Step::kEnd) lines_->rest();
      return *ended;
    }
    if ((reads >= kLeastReads && Clock::now() >= deadline) || stop.stopped()) {
      return take_lines(out) ? Step::kPaused : Step::kFull;
    }
  }
}

bool FileLane::take_lines(BatchBuilder& out) {
  common::Line line;
  while (lines_->peek(&line)) {
    if (out.full(line.text.size())) return false;
    add(line, out);
  }
  return !out.full();
}

bool FileLane::take_rest(BatchBuilder& out) {
  held_ = nullptr;
  if (!take_lines(out) && out.full()) return false;
  common::Line line;
  if (!lines_->peek_rest(&line)) return true;
  if (out.full(line.text.size())) return false;
  add(line, out);
  return true;
}

void FileLane::add(const common::Line& line, BatchBuilder& out) {
  const common::BlockRef& block = lines_->block();
  if (block.get() != held_) {
    out.hold(block);
    held_ = block.get();
  }
  out.add_view({.value = line.text, .lane = id_, .position = line.end});
  lines_->take();
}

std::optional<FileLane::Step> FileLane::read() {
  if (at_end_) {
    if (const auto unchanged = check_growth()) return unchanged;
  }
  return decoder_ ? read_compressed() : read_plain();
}

std::optional<FileLane::Step> FileLane::read_plain() {
  const std::uint64_t there = size();
  const std::uint64_t left = there > raw_ ? there - raw_ : 0;
  const auto room = lines_->room(
      static_cast<std::size_t>(std::min<std::uint64_t>(left, common::BlockPool::kStandard)));
  const long n = read_raw(room);
  if (n < 0) return Step::kFailed;
  if (n == 0) return reached_end();
  lines_->filled(static_cast<std::size_t>(n));
  return std::nullopt;
}

std::optional<FileLane::Step> FileLane::read_compressed() {
  const auto room = lines_->room();
  const auto step = decoder_->decode(std::span<const char>(input_).subspan(input_used_), room);
  input_used_ += step.used;
  const auto over = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, step.made));
  skip_ -= over;
  if (over > 0 && over < step.made) {
    std::memmove(room.data(), room.data() + over, step.made - over);
  }
  if (step.made > over) lines_->filled(step.made - over);
  if (!step.error.empty()) {
    problem_ = file_.path + ": " + step.error + where() + "; restore the file";
    damaged_ = true;
    // What was decoded before the damage is handed over first.
    return step.made > over ? std::nullopt : std::optional(Step::kDamaged);
  }
  if (step.used == 0 && step.made == 0) return fill_input();
  return std::nullopt;
}

std::optional<FileLane::Step> FileLane::fill_input() {
  const std::size_t kept = input_.size() - input_used_;
  input_.erase(0, input_used_);
  input_used_ = 0;
  input_.resize(kept + kInput);
  const long n = read_raw(std::span<char>(input_).subspan(kept));
  input_.resize(kept + static_cast<std::size_t>(std::max(n, 0L)));
  if (n < 0) return Step::kFailed;
  if (n > 0) return std::nullopt;
  // The mark lies behind the end: these are not the bytes that were read once.
  if (skip_ > 0 && decoder_->whole()) return Step::kShrunk;
  return reached_end();
}

long FileLane::read_raw(std::span<char> into) {
  for (;;) {
    const ssize_t n = ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(raw_));
    if (n < 0 && errno == EINTR) continue;
    if (n >= 0) {
      raw_ += static_cast<std::uint64_t>(n);
      return static_cast<long>(n);
    }
    problem_ = file_.path + ": cannot read" + where() + ": " + std::strerror(errno);
    return -1;
  }
}

FileLane::Step FileLane::reached_end() {
  if (size() < raw_) return Step::kShrunk;
  at_end_ = true;
  Fingerprint print = known_->print;
  const std::uint64_t head = std::min<std::uint64_t>(raw_, Fingerprint::kSpan);
  if (head > print.head_size && hash_range(fd_.get(), 0, head, &print.head_hash)) {
    print.head_size = head;
  }
  if (raw_ != print.tail_end && hash_tail(fd_.get(), raw_, &print.tail_hash)) {
    print.tail_end = raw_;
  }
  if (!(print == known_->print)) {
    known_->print = print;
    print_changed_ = true;
  }
  return Step::kEnd;
}

std::optional<FileLane::Step> FileLane::check_growth() {
  const std::uint64_t now = size();
  if (now == raw_) return Step::kEnd;
  if (now < raw_ || !matches(known_->print, fd_.get(), now)) return Step::kShrunk;
  at_end_ = false;
  return std::nullopt;
}

std::string FileLane::where() const {
  std::string text = " at byte ";
  if (!decoder_) return text + std::to_string(raw_);
  return text + std::to_string(decoder_->bytes_in()) + " of the file (position " +
         std::to_string(decoder_->bytes_out()) + " decoded)";
}

bool FileLane::print_changed() { return std::exchange(print_changed_, false); }

}  // namespace sluice::file
