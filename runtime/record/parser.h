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
    uint32_t count = 0;
    bool escaped_names = false;  // an object's name with an escape was met
    uint64_t seen[4] = {};       // Bloom filter over the names of an object
  };
  std::vector<Frame> frames;
  std::array<uint8_t, 512> lengths{};  // of names by depth and place in the object: guesses
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

  ParseResult values();
  ParseResult fail(ParseCode code, const char* where, const char* message);
  ParseResult fail_value(const char* where);
  void grow(uint32_t used);
  const char* skip_space(const char* p);
  const char* string_rest(const char* p, uint32_t* flags);
  const char* escape(const char* p);
  const char* string_error(ParseCode code, const char* where, const char* message);
  const char* number(const char* p, uint32_t* flags);
  bool duplicate(Frame& frame, uint32_t name);
  bool walk_finds(const Frame& frame, uint32_t name, std::string_view text) const;
  bool set_finds(const Frame& frame, uint32_t name, std::string_view text);

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
