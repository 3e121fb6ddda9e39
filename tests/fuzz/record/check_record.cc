// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/record/check_record.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cmath>

#include "runtime/base/text.h"
#include "runtime/record/compact.h"
#include "runtime/record/document.h"
#include "runtime/record/pointer.h"

namespace sluice {
namespace {

constexpr ParseLimits kLimits{1 << 24, 200};

// Counts what RapidJSON sees; numbers as text, so that none is too large for it.
struct Counter : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Counter> {
  bool Default() {
    ++nodes;
    return true;
  }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return Default(); }
  bool String(const char*, rapidjson::SizeType length, bool) {
    bytes += length;
    return Default();
  }
  bool Key(const char* text, rapidjson::SizeType length, bool copy) {
    return String(text, length, copy);
  }
  bool EndObject(rapidjson::SizeType) { return true; }
  bool EndArray(rapidjson::SizeType) { return true; }
  uint32_t nodes = 0;
  uint64_t bytes = 0;
};

enum class Verdict { kAccepted, kRefused, kUnknown };

Verdict ask_rapidjson(std::string_view text, Counter* counter) {
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
      rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseStopWhenDoneFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, *counter);
  // Numbers past the largest double are none of its business, yet it stops there.
  if (result.Code() == rapidjson::kParseErrorNumberTooBig) return Verdict::kUnknown;
  if (result.IsError()) return Verdict::kRefused;
  // RapidJSON takes a NUL for the end of the text; what is left must be white space.
  const std::string_view rest = text.substr(stream.Tell());
  const bool all = rest.find_first_not_of(" \t\r\n") == std::string_view::npos;
  return all ? Verdict::kAccepted : Verdict::kRefused;
}

bool has_lone_low_surrogate(std::string_view text) {
  return text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos;
}

std::string check_scalars(const Document& document, Arena& arena, uint64_t* bytes) {
  for (NodeIndex i = 0; i < document.size(); ++i) {
    if (document.kind(i) == JsonKind::kString) {
      const std::string_view text = document.string(i, arena);
      *bytes += text.size();
      if (!is_utf8(text)) return "a decoded string is not UTF-8";
      if (!document.string_equals(i, text)) return "a string does not equal itself";
      if (document.string_equals(i, std::string(text) + "x")) return "a string equals a longer one";
    } else if (document.kind(i) == JsonKind::kNumber) {
      int64_t integer = 0;
      uint64_t natural = 0;
      double number = 0;
      const bool fits = document.number(i, &number);
      if (fits != std::isfinite(number)) return "a number is neither finite nor refused";
      if (document.int64(i, &integer) && static_cast<double>(integer) != number) {
        return "an integer and its double differ";
      }
      if (document.uint64(i, &natural) && static_cast<double>(natural) != number) {
        return "a natural number and its double differ";
      }
    }
  }
  return "";
}

std::string check_containers(const Document& document, Arena& arena) {
  for (NodeIndex i = 0; i < document.size(); ++i) {
    const bool object = document.kind(i) == JsonKind::kObject;
    if (!object && document.kind(i) != JsonKind::kArray) {
      if (document.next(i) != i + 1) return "a scalar with a sub-tree";
      continue;
    }
    uint32_t count = 0;
    NodeIndex at = document.first_child(i);
    while (at < document.next(i)) {
      if (object) {
        const TapeNode& name = document.node(at);
        if ((name.info & TapeNode::kName) == 0) return "a member without a name";
        if (name.info >> TapeNode::kCountShift != at - i) return "a name at a wrong distance";
        if (count < 50 && document.find(i, document.string(at, arena)) != at + 1) {
          return "a member is not found by its name";
        }
        ++at;
      }
      at = document.next(at);
      ++count;
    }
    if (at != document.next(i) || count != document.count(i)) return "a container miscounts";
  }
  return "";
}

std::string check_copy(const Document& document, Arena& arena) {
  const std::string_view compact = compact_json(document.json(Document::root()), arena);
  Document again;
  if (!again.parse(compact, kLimits)) return "the copy without white space does not parse";
  if (again.has_line_breaks()) return "the copy has line breaks";
  if (again.size() != document.size()) return "the copy has other nodes";
  for (NodeIndex i = 0; i < document.size(); ++i) {
    if (again.node(i).info != document.node(i).info || again.next(i) != document.next(i)) {
      return "the copy has another shape";
    }
    const bool scalar = document.kind(i) < JsonKind::kArray;
    if (scalar && again.slice(i) != document.slice(i)) return "the copy has other scalars";
  }
  return "";
}

}  // namespace

std::string check_record(std::string_view text) {
  Document document;
  const ParseResult result = document.parse(text, kLimits);
  if (result.offset > text.size()) return "an error beyond the end";
  const std::string_view bare = text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
  Counter counter;
  const Verdict verdict = ask_rapidjson(bare, &counter);
  if (!result) {
    if (document.size() != 0) return "a refused record has nodes";
    if (*result.message == '\0') return "an error without a message";
    const bool grammar = result.code == ParseCode::kSyntax || result.code == ParseCode::kEncoding ||
                         result.code == ParseCode::kEmpty;
    // RapidJSON lets a low surrogate pass that no high one precedes.
    if (grammar && verdict == Verdict::kAccepted && !has_lone_low_surrogate(text)) {
      return std::string("refused what RapidJSON accepts: ") + result.message;
    }
    return "";
  }
  if (verdict == Verdict::kRefused) return "accepted what RapidJSON refuses";
  const bool counted = verdict == Verdict::kAccepted;
  if (counted && counter.nodes != document.size()) return "RapidJSON sees another number of values";
  Arena arena;
  uint64_t bytes = 0;
  if (std::string wrong = check_scalars(document, arena, &bytes); !wrong.empty()) return wrong;
  if (counted && bytes != counter.bytes) {
    // RapidJSON hands numbers to RawNumber, so its bytes are those of strings alone.
    return "RapidJSON decodes strings to another length";
  }
  if (std::string wrong = check_containers(document, arena); !wrong.empty()) return wrong;
  return check_copy(document, arena);
}

}  // namespace sluice
