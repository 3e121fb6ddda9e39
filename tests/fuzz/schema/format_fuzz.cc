// SPDX-License-Identifier: Apache-2.0
// The checks of `format`, and patterns: any text may be asked. The first byte picks the format.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/base/text.h"
#include "runtime/schema/formats.h"
#include "runtime/schema/pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::array<std::string_view, 19> kFormats = {
      "date-time", "date",          "time",
      "duration",  "email",         "idn-email",
      "hostname",  "idn-hostname",  "ipv4",
      "ipv6",      "uri",           "uri-reference",
      "iri",       "iri-reference", "uri-template",
      "uuid",      "json-pointer",  "relative-json-pointer",
      "regex"};
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The parser lets nothing else through.
  if (!sluice::is_utf8(text)) return 0;
  const std::string_view name = kFormats[data[0] % kFormats.size()];
  const bool good = sluice::schema::find_format(name)(text);
  // What is one is the other too.
  const auto implies = [&](std::string_view narrow, std::string_view wide) {
    if (name != narrow || !good) return;
    SLUICE_CHECK(sluice::schema::find_format(wide)(text), "a URI has to be an IRI, and so on");
  };
  implies("uri", "uri-reference");
  implies("uri", "iri");
  implies("iri", "iri-reference");
  implies("uri-reference", "iri-reference");
  implies("email", "idn-email");
  // What we can run is one by its grammar.
  if (name == "regex" && text.size() < 1000 && sluice::schema::compile_pattern(text).is_ok()) {
    SLUICE_CHECK(good, "a pattern that compiles is no regular expression");
  }
  return 0;
}
