// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sluice/records.hpp>
#include <span>
#include <string>

#include "plugins/common/block.h"
#include "plugins/common/decoder.h"
#include "plugins/common/fd.h"
#include "plugins/common/line_framer.h"
#include "plugins/common/stop_signal.h"
#include "plugins/sources/file/catalog.h"
#include "plugins/sources/file/options.h"
#include "plugins/sources/file/scan.h"

namespace sluice::file {

// One open file, read from a position onwards into batches. It keeps its descriptor, so it reads on
// when the file is renamed or deleted. Not thread-safe.
class FileLane {
 public:
  using Clock = std::chrono::steady_clock;

  // What ended an advance.
  enum class Step {
    kFull,     // the batch
    kPaused,   // the time, or stop was asked
    kEnd,      // the bytes there are now
    kShrunk,   // the file holds other bytes now: truncated, or written anew in place
    kDamaged,  // problem() says how; nothing more can be read
    kFailed,   // problem() says how; a later try may succeed
  };

  FileLane(const Options& options, std::shared_ptr<common::BlockPool> pool, FoundFile file,
           common::Fd fd);

  // Looks at the first bytes. False: too few yet to tell the file by. `complete`: no more will
  // come soon, decide by what there is. Sets problem() on an I/O error.
  [[nodiscard]] bool look(bool complete);
  // Fingerprint of the first bytes, after look().
  [[nodiscard]] Fingerprint first_print() const;
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] bool plain() const { return compression_ == common::Compression::kNone; }

  // Begins to read as lane `id`, just past `position`. `known` outlives this.
  void start(KnownFile& known, std::uint32_t id, std::uint64_t position);
  [[nodiscard]] bool started() const { return known_ != nullptr; }
  // The file holds other bytes now: look() again.
  void begin_anew();

  [[nodiscard]] Step advance(BatchBuilder& out, Clock::time_point deadline,
                             const common::StopSignal& stop);
  // The last line counts though it has no newline. False: the batch is full, try with the next.
  [[nodiscard]] bool take_rest(BatchBuilder& out);
  // At the end: false if a compressed stream is cut off there.
  [[nodiscard]] bool whole() const { return !decoder_ || decoder_->whole(); }
  // Where reading stands, in words, for messages.
  [[nodiscard]] std::string where() const;

  [[nodiscard]] const std::string& problem() const { return problem_; }
  // True once after the stored fingerprint changed.
  [[nodiscard]] bool print_changed();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const FoundFile& file() const { return file_; }
  void renamed(const std::string& path) { file_.path = path; }
  [[nodiscard]] KnownFile& known() const { return *known_; }
  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] std::uint64_t position() const { return lines_ ? lines_->received() : 0; }

 private:
  [[nodiscard]] bool take_lines(BatchBuilder& out);
  void add(const common::Line& line, BatchBuilder& out);
  [[nodiscard]] std::optional<Step> read();
  [[nodiscard]] std::optional<Step> read_plain();
  [[nodiscard]] std::optional<Step> read_compressed();
  [[nodiscard]] std::optional<Step> fill_input();
  [[nodiscard]] Step reached_end();
  [[nodiscard]] std::optional<Step> check_growth();
  [[nodiscard]] long read_raw(std::span<char> into);

  const Options* options_;
  std::shared_ptr<common::BlockPool> pool_;
  FoundFile file_;
  common::Fd fd_;
  std::string head_;
  common::Compression compression_ = common::Compression::kNone;

  KnownFile* known_ = nullptr;
  std::uint32_t id_ = 0;
  std::optional<common::LineFramer> lines_;
  std::uint64_t raw_ = 0;  // offset in the file up to which bytes were read
  bool at_end_ = false;    // and they were all there were
  bool print_changed_ = false;
  std::string problem_;
  bool damaged_ = false;                 // for good
  const common::Block* held_ = nullptr;  // block the current batch holds already

  // Compressed files only.
  std::optional<common::StreamDecoder> decoder_;
  std::string input_;
  std::size_t input_used_ = 0;
  std::uint64_t skip_ = 0;  // decoded bytes still to be read over
};

}  // namespace sluice::file
