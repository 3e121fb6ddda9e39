// SPDX-License-Identifier: Apache-2.0
// The record reader on any bytes: what it accepts must be JSON to RapidJSON as well, every node
// must be readable, and the compact form must read back as the same tape.
#include <rapidjson/document.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/record/compact.h"
#include "runtime/record/document.h"

namespace {

using sluice::Arena;
using sluice::Document;
using sluice::JsonKind;
using sluice::NodeIndex;

void require(bool holds) {
  if (!holds) std::abort();
}

// Reads every value the way scripts and sinks do.
void read_all(const Document& document, Arena& arena) {
  const auto nodes = static_cast<NodeIndex>(document.tape().size());
  for (NodeIndex i = 0; i < nodes; ++i) {
    require(document.next(i) > i && document.next(i) <= nodes);
    require(document.node(i).offset + document.node(i).length <= document.text().size());
    if (document.kind(i) == JsonKind::kString) {
      require(document.string_equals(i, document.string(i, arena)));
    }
    if (document.kind(i) == JsonKind::kNumber) {
      int64_t whole = 0;
      double number = 0;
      if (document.int64(i, &whole)) require(document.number(i, &number));
    }
  }
}

bool same_shape(const Document& a, const Document& b) {
  if (a.tape().size() != b.tape().size()) return false;
  for (NodeIndex i = 0; i < a.tape().size(); ++i) {
    const bool container = a.kind(i) == JsonKind::kObject || a.kind(i) == JsonKind::kArray;
    if (a.kind(i) != b.kind(i) || (!container && a.slice(i) != b.slice(i))) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static Document document;
  static Document again;
  static Arena arena;
  arena.reset();
  const auto result = document.parse(text, {.max_bytes = 1 << 20, .max_depth = 64});
  if (!result) {
    require(result.message != nullptr && result.message[0] != '\0');
    require(result.offset <= size);
    return 0;
  }
  read_all(document, arena);
  std::string_view json = text;
  if (json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::Document other;
  other.Parse<kFlags>(json.data(), json.size());
  require(!other.HasParseError());
  const std::string compact(sluice::compact_json(json, arena));
  require(static_cast<bool>(again.parse(compact, {.max_bytes = 1 << 20, .max_depth = 64})));
  require(!again.has_line_breaks() && same_shape(document, again));
  return 0;
}
