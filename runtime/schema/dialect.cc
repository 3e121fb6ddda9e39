// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/dialect.h"

#include <array>

namespace sluice::schema {
namespace {

struct Known {
  std::string_view uri;  // after the scheme
  Draft draft;
  std::string_view name;
  std::string_view shown;
};
constexpr std::array kDialects = {
    Known{"://json-schema.org/draft/2020-12/schema", kDraft2020, "2020-12",
          "https://json-schema.org/draft/2020-12/schema"},
    Known{"://json-schema.org/draft/2019-09/schema", kDraft2019, "2019-09",
          "https://json-schema.org/draft/2019-09/schema"},
    Known{"://json-schema.org/draft-07/schema", kDraft7, "draft-07",
          "http://json-schema.org/draft-07/schema#"},
    Known{"://json-schema.org/draft-06/schema", kDraft6, "draft-06",
          "http://json-schema.org/draft-06/schema#"},
    Known{"://json-schema.org/draft-04/schema", kDraft4, "draft-04",
          "http://json-schema.org/draft-04/schema#"},
};

std::string_view without_scheme(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"https", "http"}) {
    if (uri.starts_with(scheme)) return uri.substr(scheme.size());
  }
  return {};
}

}  // namespace

std::optional<Dialect> find_dialect(std::string_view schema_uri) {
  for (const Known& known : kDialects) {
    if (without_scheme(schema_uri) != known.uri) continue;
    Dialect dialect{known.draft, kEveryVocabulary};
    // From 2019-09 on `format` only asserts where a metaschema asks for it.
    if (!dialect.before_2019()) {
      dialect.vocabularies &= static_cast<uint8_t>(~kFormatAssertion);
    }
    return dialect;
  }
  return std::nullopt;
}

std::optional<Dialect> find_dialect_by_name(std::string_view name) {
  for (const Known& known : kDialects) {
    if (known.name == name) return find_dialect(known.shown);
  }
  return std::nullopt;
}

std::optional<uint8_t> find_vocabulary(std::string_view uri) {
  for (const std::string_view draft : {"https://json-schema.org/draft/2020-12/vocab/",
                                       "https://json-schema.org/draft/2019-09/vocab/"}) {
    if (!uri.starts_with(draft)) continue;
    const std::string_view name = uri.substr(draft.size());
    if (name == "core") return kCore;
    // 2019-09 counts the unevaluated keywords among the applicators.
    if (name == "applicator") {
      return static_cast<uint8_t>(
          draft.find("2019") != std::string_view::npos ? kApplicator | kUnevaluated : kApplicator);
    }
    if (name == "unevaluated") return kUnevaluated;
    if (name == "validation") return kValidation;
    if (name == "format-assertion") return kFormatAssertion;
    if (name == "format" || name == "format-annotation" || name == "meta-data" ||
        name == "content") {
      return kAnnotation;
    }
  }
  return std::nullopt;
}

std::string list_dialects() {
  std::string out;
  for (const Known& known : kDialects) {
    if (!out.empty()) out += &known == &kDialects.back() ? " or " : ", ";
    out.append(known.name).append(" (\"").append(known.shown).append("\")");
  }
  return out;
}

std::string_view dialect_name(Draft draft) {
  for (const Known& known : kDialects) {
    if (known.draft == draft) return known.name;
  }
  return "";
}

}  // namespace sluice::schema
