// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/record/name_set.h"
#include "runtime/record/scan.h"

namespace sluice {

// The names of the last object at one depth. Records resemble each other: an object whose names are
// these, in this order, is read at a comparison a name, and has no name twice, as these have not.
struct UsualNames {
  static constexpr uint32_t kMost = 32;
  static constexpr uint32_t kLongest = 31;
  struct Name {
    uint8_t length = 0;
    char text[kLongest + 1];  // with the quote that ends it
    // Does this name, and its end, stand at p?
    [[nodiscard]] bool is_at(const char* p, const char* end) const {
      const uint32_t n = length + 1U;
      if (end - p > kLongest) [[likely]] {
        return n <= 16
                   ? scan::same_prefix(p, text, n)
                   : scan::same_prefix(p, text, 16) && scan::same_prefix(p + 16, text + 16, n - 16);
      }
      return end - p > length && scan::same_bytes(p, text, n);
    }
  };
  uint32_t count = 0;
  std::array<Name, kMost> names;
};

// What a parse needs beside the tape; kept by the document between parses.
struct Document::Scratch {
  // One open container.
  struct Frame {
    NodeIndex node = 0;
    uint32_t count = 0;  // of children; current only while an inner container is open
    bool object = false;
    bool familiar = false;  // every name so far stands in `usual`, in this order
    bool learning = false;  // the names so far were put into `usual`
    bool thorough = false;  // every further name is looked up: many members, or escaped names
    UsualNames* usual = nullptr;
    uint64_t seen[4];  // Bloom filter over the names of an object that is not familiar
  };
  // Objects nested deeper than this are never familiar: each depth needs its own names.
  static constexpr uint32_t kDepths = 16;
  std::vector<Frame> frames;
  std::array<UsualNames, kDepths> usual;
  NameSet names;
  Arena arena{4096};
};

// Fills a document's tape from a text. Used by Document::parse alone.
class TapeParser {
 public:
  TapeParser(Document& document, std::string_view text, const ParseLimits& limits);
  ParseResult parse();

 private:
  using Frame = Document::Scratch::Frame;
  // Objects of more members than this find duplicates by NameSet instead of a walk.
  static constexpr uint32_t kWalkMembers = 32;
  static constexpr uint32_t kDepths = Document::Scratch::kDepths;

  ParseResult values();
  ParseResult fail(ParseCode code, const char* where, const char* message);
  ParseResult fail_value(const char* where);
  void grow(uint32_t used);
  const char* skip_space(const char* p);
  const char* string_rest(const char* p, uint32_t* flags);
  const char* escape(const char* p);
  const char* string_error(ParseCode code, const char* where, const char* message);
  bool unfamiliar_name(Frame& frame, uint32_t name, uint32_t count, const char** p);
  void learn(Frame& frame, uint32_t name, uint32_t count);
  bool duplicate(Frame& frame, uint32_t name, uint32_t count);
  bool walk_finds(const Frame& frame, uint32_t name, std::string_view text) const;
  bool set_finds(const Frame& frame, uint32_t name, uint32_t count, std::string_view text);

  Document& document_;
  Document::Scratch& scratch_;
  const ParseLimits limits_;
  const char* const begin_;
  const char* const end_;
  const char* at_;
  ParseResult error_;
  bool line_break_ = false;
};

}  // namespace sluice
