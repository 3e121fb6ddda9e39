// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/record/scan.h"
#include "runtime/schema/program.h"

namespace sluice::schema {

class Evaluator;

// What a thread remembers of earlier records, to guess well.
struct QuickHints {
  std::vector<uint32_t> next;  // by entry: the entry that came after it last time
};

// A second form of a program, for the record that fits: most schemas are made of types, lengths,
// ranges, patterns, properties and items, and these are checked here in one loop over the tape,
// with members looked for where they were in the last record. It can only say yes; whatever it does
// not know (a keyword, a name with escapes, a number written oddly) it gives to the evaluator, and
// a record it cannot say yes to is the evaluator's from the beginning. Immutable, any thread.
class QuickProgram {
 public:
  explicit QuickProgram(const Program& program);

  // True: the record fits. False: ask the evaluator, which was given for parts of the record.
  bool fits(const Document& document, Evaluator& evaluator, QuickHints& hints) const;
  [[nodiscard]] QuickHints make_hints() const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMaxDepth = 64;  // open containers; deeper ones are the evaluator's

  struct Entry {
    std::string name;
    uint32_t rule = kNone;  // kNone: any value
    uint16_t accepted = 0;  // of the rule
    bool required = false;

    [[nodiscard]] bool is(const char* text, uint32_t size) const {
      return name.size() == size && scan::same_bytes(name.data(), text, size);
    }
  };
  struct Object {
    uint32_t first = 0;  // of its entries
    uint32_t entries = 0;
    uint32_t required = 0;
    uint32_t unknown = kNone;  // rule of other members
    uint32_t min = 0;
    uint32_t max = UINT32_MAX;
    const NameTable* names = nullptr;
  };
  struct Array {
    uint32_t items = kNone;
    uint32_t min = 0;
    uint32_t max = UINT32_MAX;
    uint16_t accepted = 0;  // of the rule of items
  };
  struct Text {
    uint64_t min = 0;  // code points
    uint64_t max = UINT64_MAX;
    const Pattern* pattern = nullptr;
    FormatCheck format = nullptr;
    const AllowedValues* allowed = nullptr;  // all of them strings, and few
  };
  struct Range {
    int64_t min = INT64_MIN;
    int64_t max = INT64_MAX;
  };
  // One schema object: what each kind of value needs.
  struct Rule {
    uint8_t kinds = 0;       // a bit for each JsonKind that may be here
    bool whole = false;      // numbers must be integers
    uint16_t accepted = 0;   // a bit for each form() that fits without another look
    bool evaluator = false;  // of the value as a whole: the rest of this is not filled in
    uint32_t text = kNone;   // what a string must be besides, and so on
    uint32_t range = kNone;
    uint32_t object = kNone;
    uint32_t array = kNone;
    RuleIndex original = kNoRule;
  };
  struct Frame;
  class Run;

  // The kind of a value, and whether a number is written as an integer.
  static uint32_t form(const TapeNode& node) {
    static_assert(TapeNode::kInteger == 1U << 5 && TapeNode::kKindMask == 7);
    return (node.info & TapeNode::kKindMask) | (node.info >> 2 & 8U);
  }
  [[nodiscard]] static uint16_t accepted_by(const Rule& rule);
  void add(const schema::Rule& from, RuleIndex index);
  [[nodiscard]] static bool is_known(const schema::Rule& from);
  void add_object(const ObjectRules& from, Rule* to);
  bool add_text(const schema::Rule& from, Rule* to);
  bool add_range(const NumberRules& from, Rule* to);
  void add_array(const ArrayRules& from, Rule* to);

  std::vector<Rule> rules_;  // by the index they have in the program
  std::vector<Object> objects_;
  std::vector<Entry> entries_;
  std::vector<Array> arrays_;
  std::vector<Text> texts_;
  std::vector<Range> ranges_;
  uint32_t root_ = 0;
  bool usable_ = false;
};

}  // namespace sluice::schema
