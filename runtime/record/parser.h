// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/record/name_set.h"

namespace sluice {

// What a parse needs beside the tape; kept by the document between parses.
struct Document::Scratch {
  // One open container.
  struct Frame {
    NodeIndex node = 0;
    uint32_t count = 0;  // of children; current only while an inner container is open
    bool object = false;
    bool thorough = false;       // every further name is looked up: many members, or escaped names
    uint8_t* lengths = nullptr;  // of this depth
    uint64_t seen[4] = {};       // Bloom filter over the names of an object
  };
  // Length of the name at each place in an object, by depth, as in the last record: a guess.
  static constexpr uint32_t kPlaces = 32;
  static constexpr uint32_t kDepths = 16;
  static constexpr uint8_t kNoGuess = 16;
  std::vector<Frame> frames;
  std::array<uint8_t, kPlaces * kDepths> lengths{};
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
  static constexpr uint32_t kPlaces = Document::Scratch::kPlaces;
  static constexpr uint32_t kDepths = Document::Scratch::kDepths;
  static constexpr uint8_t kNoGuess = Document::Scratch::kNoGuess;

  ParseResult values();
  ParseResult fail(ParseCode code, const char* where, const char* message);
  ParseResult fail_value(const char* where);
  void grow(uint32_t used);
  const char* skip_space(const char* p);
  const char* string_rest(const char* p, uint32_t* flags);
  const char* escape(const char* p);
  const char* string_error(ParseCode code, const char* where, const char* message);
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
