// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::schema {

// Drafts of JSON Schema, as bits so that a keyword can name those that know it.
enum Draft : uint8_t {
  kDraft4 = 1,
  kDraft6 = 2,
  kDraft7 = 4,
  kDraft2019 = 8,
  kDraft2020 = 16,
};
inline constexpr uint8_t kEveryDraft = 31;
inline constexpr uint8_t kUntil2019 = kDraft4 | kDraft6 | kDraft7 | kDraft2019;
inline constexpr uint8_t kFromDraft6 = kDraft6 | kDraft7 | kDraft2019 | kDraft2020;
inline constexpr uint8_t kFromDraft7 = kDraft7 | kDraft2019 | kDraft2020;
inline constexpr uint8_t kFrom2019 = kDraft2019 | kDraft2020;
inline constexpr uint8_t kBefore2019 = kDraft4 | kDraft6 | kDraft7;

// Vocabularies of 2019-09 and later. Older drafts have them all.
enum Vocabulary : uint8_t {
  kCore = 1,
  kApplicator = 2,
  kUnevaluated = 4,
  kValidation = 8,
  kFormatAssertion = 16,
  kAnnotation = 32,  // meta-data, content and format as a mere note
};
inline constexpr uint8_t kEveryVocabulary = 63;

// What the keywords of a schema mean.
struct Dialect {
  Draft draft = kDraft7;
  uint8_t vocabularies = kEveryVocabulary;

  [[nodiscard]] bool before_2019() const { return (draft & kBefore2019) != 0; }
  [[nodiscard]] std::string_view id_keyword() const { return draft == kDraft4 ? "id" : "$id"; }
};

// The dialect a `$schema` names; nothing if it is none of the published ones. An empty fragment and
// https for http make no difference.
std::optional<Dialect> find_dialect(std::string_view schema_uri);
// The same by its short name: "draft-07", "2020-12".
std::optional<Dialect> find_dialect_by_name(std::string_view name);
// The bit of a vocabulary's URI; nothing for one that is not known here.
std::optional<uint8_t> find_vocabulary(std::string_view uri);
// For messages: `draft-07 ("http://...") and 2020-12 ("https://...")` and so on.
std::string list_dialects();
std::string_view dialect_name(Draft draft);

// The text of a published metaschema by its URI (without fragment), or empty. In our own words, and
// without titles and defaults: what it demands is what counts.
std::string_view find_metaschema(std::string_view uri);

}  // namespace sluice::schema
