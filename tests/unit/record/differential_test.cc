// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/fuzz/record/check_record.h"

namespace sluice {
namespace {

// Random documents that use all of the grammar, then small damage done to them.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  std::string document() {
    text_.clear();
    if (below(20) == 0) text_ = "\xEF\xBB\xBF";
    value(0);
    space();
    return text_;
  }

  std::string damaged(std::string text) {
    for (unsigned i = 1 + below(3); i > 0 && !text.empty(); --i) {
      const size_t at = below(static_cast<unsigned>(text.size()));
      switch (below(4)) {
        case 0:
          text.erase(at, 1 + below(4));
          break;
        case 1:
          text.insert(at, 1, kBytes[below(sizeof kBytes - 1)]);
          break;
        case 2:
          text[at] = kBytes[below(sizeof kBytes - 1)];
          break;
        default:
          text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << below(8)));
          break;
      }
    }
    return text;
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  void space() {
    static constexpr const char* kSpace[] = {"", "", "", "", " ", "\n", "\t", "\r\n", "  "};
    text_ += kSpace[below(9)];
  }
  void value(int depth) {
    space();
    switch (below(depth > 6 ? 6 : 9)) {
      case 0:
        text_ += "null";
        break;
      case 1:
        text_ += below(2) == 0 ? "true" : "false";
        break;
      case 2:
      case 3:
        number();
        break;
      case 4:
      case 5:
        string();
        break;
      case 6:
        list(depth);
        break;
      default:
        object(depth);
        break;
    }
  }
  void number() {
    static constexpr const char* kNumbers[] = {"0",
                                               "-0",
                                               "7",
                                               "-12",
                                               "9223372036854775807",
                                               "-9223372036854775808",
                                               "18446744073709551615",
                                               "18446744073709551616",
                                               "0.1",
                                               "-2.50e-3",
                                               "1E+9",
                                               "1e400",
                                               "-1e-400",
                                               "123456789.123456789",
                                               "5e-324",
                                               "2.2250738585072011e-308"};
    text_ += kNumbers[below(16)];
  }
  void string() {
    static constexpr const char* kPieces[] = {"a",
                                              "bcd",
                                              " ",
                                              "\\n",
                                              "\\\"",
                                              "\\\\",
                                              "\\/",
                                              "\\u0041",
                                              "\\u00e9",
                                              "\\ud83d\\ude00",
                                              "\\u0000",
                                              "\xC3\xA9",
                                              "\xE2\x82\xAC",
                                              "\xF0\x9F\x98\x80",
                                              "0123456789abcdef",
                                              "\x7F"};
    text_ += '"';
    for (unsigned i = below(6); i > 0; --i) text_ += kPieces[below(16)];
    text_ += '"';
  }
  void list(int depth) {
    text_ += '[';
    const unsigned n = below(5);
    for (unsigned i = 0; i < n; ++i) {
      if (i > 0) text_ += ',';
      value(depth + 1);
      space();
    }
    space();
    text_ += ']';
  }
  void object(int depth) {
    text_ += '{';
    const unsigned n = below(10) == 0 ? 40 : below(6);
    for (unsigned i = 0; i < n; ++i) {
      if (i > 0) text_ += ',';
      space();
      if (below(30) == 0) {
        string();  // may be there already
      } else {
        text_ += (below(8) == 0 ? "\"\\u006b" : "\"k") + std::to_string(i) + "\"";
      }
      space();
      text_ += ':';
      value(depth + (n > 10 ? 3 : 1));
      space();
    }
    space();
    text_ += '}';
  }

  static constexpr char kBytes[] = "{}[]\",:\\0129.-+eEtfnu \n\x80\xC3\xED\xFF\x01";
  std::mt19937 random_;
  std::string text_;
};

TEST(Differential, AgreesWithRapidJsonOnGeneratedDocuments) {
  Generator generator(1);
  for (int i = 0; i < 4000; ++i) {
    const std::string text = generator.document();
    ASSERT_EQ(check_record(text), "") << text;
  }
}

TEST(Differential, AgreesWithRapidJsonOnDamagedDocuments) {
  Generator generator(2);
  for (int i = 0; i < 8000; ++i) {
    const std::string text = generator.damaged(generator.document());
    ASSERT_EQ(check_record(text), "") << text;
  }
}

}  // namespace
}  // namespace sluice
