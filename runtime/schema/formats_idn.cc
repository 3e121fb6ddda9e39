// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <memory>

#include "runtime/base/check.h"
#include "runtime/schema/formats_parts.h"
#include "runtime/schema/pattern.h"
#include "runtime/schema/punycode.h"

// Internationalized host names (RFC 5890 to 5893). Which characters a label may hold is asked of
// RE2's tables of general categories and scripts; what these cannot tell (characters that another
// normal form would replace, joining types, writing direction) is narrowed down by blocks or left
// out, as docs/schemas.md says.
namespace sluice::schema::formats {
namespace {

std::unique_ptr<const Pattern> compiled(std::string_view text) {
  auto pattern = compile_pattern(text);
  SLUICE_CHECK(pattern.is_ok(), pattern.status().message().c_str());
  return std::move(*pattern);
}

struct Patterns {
  // RFC 5892 2.1 without upper case, and the exceptions of 2.6.
  std::unique_ptr<const Pattern> letters = compiled(
      R"(^[\-\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\u00b7\u0375\u05f3\u05f4\u30fb\u06fd\u06fe\u0f0b)"
      R"(\u3007\u200c\u200d]+$)");
  // Exceptions, old Hangul letters, and blocks of letters that are another spelling of others.
  std::unique_ptr<const Pattern> never = compiled(
      R"([\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7ff)"
      R"(\u00aa\u00ba\u02b0-\u02b8\u02e0-\u02e4\u017f\u1d2c-\u1d6a\u1d9b-\u1dbf\u2071-\u209c)"
      R"(\u2100-\u214f\u3131-\u318e\uf900-\ufa0d\ufb00-\ufdff\ufe70-\ufeff\uff00-\uffef)"
      R"(\u{1d400}-\u{1d7ff}\u{2f800}-\u{2fa1f}])");
  std::unique_ptr<const Pattern> begins_with_mark = compiled(R"(^\p{M})");
  std::unique_ptr<const Pattern> greek = compiled(R"(\u0375(?:[^\p{Greek}]|$))");
  std::unique_ptr<const Pattern> hebrew = compiled(R"((?:^|[^\p{Hebrew}])[\u05f3\u05f4])");
  std::unique_ptr<const Pattern> katakana_dot = compiled(R"(\u30fb)");
  std::unique_ptr<const Pattern> japanese = compiled(R"([\p{Hiragana}\p{Katakana}\p{Han}])");
  std::unique_ptr<const Pattern> middle_dot = compiled(R"((?:^|[^l])\u00b7|\u00b7(?:[^l]|$))");
  std::unique_ptr<const Pattern> arabic_digits = compiled(R"([\u0660-\u0669])");
  std::unique_ptr<const Pattern> extended_digits = compiled(R"([\u06f0-\u06f9])");
};

const Patterns& patterns() {
  static const Patterns instance;
  return instance;
}

// Characters of combining class 9, after which joiners may stand.
bool is_virama(uint32_t code) {
  constexpr std::array<uint32_t, 60> kViramas = {
      0x94D,   0x9CD,   0xA4D,   0xACD,   0xB4D,   0xBCD,   0xC4D,   0xCCD,   0xD3B,   0xD3C,
      0xD4D,   0xDCA,   0xE3A,   0xEBA,   0xF84,   0x1039,  0x103A,  0x1714,  0x1734,  0x17D2,
      0x1A60,  0x1B44,  0x1BAA,  0x1BAB,  0x1BF2,  0x1BF3,  0x2D7F,  0xA806,  0xA8C4,  0xA953,
      0xA9C0,  0xAAF6,  0xABED,  0x10A3F, 0x11046, 0x1107F, 0x110B9, 0x11133, 0x11134, 0x111C0,
      0x11235, 0x112EA, 0x1134D, 0x11442, 0x114C2, 0x115BF, 0x1163F, 0x116B6, 0x1172B, 0x11839,
      0x1193D, 0x1193E, 0x119E0, 0x11A34, 0x11A47, 0x11A99, 0x11C3F, 0x11D44, 0x11D45, 0x11D97};
  return std::find(kViramas.begin(), kViramas.end(), code) != kViramas.end();
}

// Arabic, Syriac, Thaana, N'Ko, Mandaic, Mongolian: letters that join.
bool joins(uint32_t code) {
  return (code >= 0x620 && code <= 0x86F) || (code >= 0x8A0 && code <= 0x8FF) ||
         (code >= 0x1820 && code <= 0x18AA);
}

// ZERO WIDTH JOINER only after a virama, NON-JOINER also between letters that join.
bool joiners_fit(std::string_view label) {
  uint32_t before = 0;
  while (!label.empty()) {
    const uint32_t code = take_code_point(label);
    if ((code == 0x200C || code == 0x200D) && !is_virama(before)) {
      std::string_view rest = label;
      const bool between =
          code == 0x200C && joins(before) && !rest.empty() && joins(take_code_point(rest));
      if (!between) return false;
    }
    before = code;
  }
  return true;
}

// RFC 5892 appendix A: characters that only fit beside certain others.
bool context_fits(std::string_view label) {
  const Patterns& p = patterns();
  if (p.greek->found_in(label) || p.hebrew->found_in(label)) return false;
  if (p.middle_dot->found_in(label)) return false;
  if (p.katakana_dot->found_in(label) && !p.japanese->found_in(label)) return false;
  if (p.arabic_digits->found_in(label) && p.extended_digits->found_in(label)) return false;
  return joiners_fit(label);
}

bool unicode_label(std::string_view label) {
  if (label.front() == '-' || label.back() == '-') return false;
  std::string_view rest = label;
  for (int i = 0; i < 2 && !rest.empty(); ++i) take_code_point(rest);
  if (rest.starts_with("--")) return false;
  const Patterns& p = patterns();
  return p.letters->found_in(label) && !p.never->found_in(label) &&
         !p.begins_with_mark->found_in(label) && context_fits(label);
}

bool idn_label(std::string_view label) {
  if (label.empty()) return false;
  const bool ascii = std::all_of(label.begin(), label.end(), is_ascii);
  const bool encoded = label.size() >= 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' &&
                       label[2] == '-' && label[3] == '-';
  if (ascii && !encoded) {
    return hostname(label) && (label.size() < 4 || label.substr(2, 2) != "--");
  }
  if (encoded) {
    if (!ascii || label.size() > kMaxLabel) return false;
    PunycodeText decoded;
    return decode_punycode(label.substr(4), &decoded) &&
           !std::all_of(decoded.view().begin(), decoded.view().end(), is_ascii) &&
           unicode_label(decoded.view());
  }
  return encoded_length(label) + 4 <= kMaxLabel && unicode_label(label);
}

}  // namespace

bool idn_hostname(std::string_view text) {
  // A character of up to four bytes takes one at least when encoded.
  constexpr size_t kMaxBytes = 4 * 253;
  if (text.empty() || text.size() > kMaxBytes) return false;
  while (true) {
    const size_t end = std::min(text.find('.'), text.size());
    if (!idn_label(text.substr(0, end))) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace sluice::schema::formats
