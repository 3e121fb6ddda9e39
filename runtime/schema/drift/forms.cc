// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/forms.h"

#include <array>
#include <cstddef>
#include <cstring>

#include "runtime/record/scan.h"

namespace sluice::drift {
namespace {

constexpr size_t kLongestNumber = 40;
constexpr size_t kLongestEmail = 254;

bool digits(std::string_view text, size_t from, size_t to) {
  for (size_t i = from; i < to; ++i) {
    if (!scan::digit(text[i])) return false;
  }
  return true;
}

bool is_date(std::string_view text) {
  return text.size() >= 10 && text[4] == '-' && text[7] == '-' && digits(text, 0, 4) &&
         digits(text, 5, 7) && digits(text, 8, 10);
}

bool is_date_time(std::string_view text) {
#if defined(__SSE2__)
  // "YYYY-MM-DDTHH:MM" is sixteen bytes: one comparison for the digits, one for what is between.
  if (text.size() < 16 || text.size() > 40) return false;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
  const __m128i off = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(off, _mm_set1_epi8(9)), off);
  constexpr unsigned kDigits = 0b1101'1011'0110'1111;
  if (static_cast<unsigned>(_mm_movemask_epi8(digit)) != kDigits) return false;
#else
  if (text.size() < 16 || text.size() > 40 || !digits(text, 11, 13) || !digits(text, 14, 16)) {
    return false;
  }
  if (!is_date(text)) return false;
#endif
  const char middle = text[10];
  return text[4] == '-' && text[7] == '-' && text[13] == ':' &&
         (middle == 'T' || middle == 't' || middle == ' ');
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return false;
  }
  for (size_t i = 0; i < 36; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) continue;
    if (scan::hex_digit(text[i]) < 0) return false;
  }
  return true;
}

// kInteger, kDecimal or kPlain.
Form number_form(std::string_view text) {
  if (text.empty() || text.size() > kLongestNumber) return Form::kPlain;
  const size_t first = text[0] == '-' || text[0] == '+' ? 1 : 0;
  bool point = false;
  size_t count = 0;
  for (size_t i = first; i < text.size(); ++i) {
    if (scan::digit(text[i])) {
      ++count;
    } else if (text[i] == '.' && !point && count != 0) {
      point = true;
    } else {
      return Form::kPlain;
    }
  }
  if (count == 0 || text.back() == '.') return Form::kPlain;
  return point ? Form::kDecimal : Form::kInteger;
}

// Something, an '@', something with a dot inside; no blanks.
bool is_email(std::string_view text) {
  if (text.size() < 5 || text.size() > kLongestEmail || text.back() == '.') return false;
  const auto* const at = static_cast<const char*>(std::memchr(text.data(), '@', text.size()));
  if (at == nullptr || at == text.data()) return false;
  const auto rest = static_cast<size_t>(text.data() + text.size() - at);
  if (rest < 4 || std::memchr(at + 2, '.', rest - 2) == nullptr) return false;
  return std::memchr(text.data(), ' ', text.size()) == nullptr;
}

}  // namespace

Form form_of(std::string_view text) {
  if (text.empty()) return Form::kEmpty;
  if (scan::digit(text[0])) {
    if (is_date_time(text)) return Form::kDateTime;
    if (text.size() == 10 && is_date(text)) return Form::kDate;
  }
  const Form number = number_form(text);
  if (number != Form::kPlain) return number;
  if (is_uuid(text)) return Form::kUuid;
  return is_email(text) ? Form::kEmail : Form::kPlain;
}

bool has_form(Form form, std::string_view text) {
  switch (form) {
    case Form::kEmpty:
      return text.empty();
    case Form::kInteger:
    case Form::kDecimal:
      return number_form(text) == form;
    case Form::kDate:
      return text.size() == 10 && is_date(text);
    case Form::kDateTime:
      return is_date_time(text);
    case Form::kUuid:
      return is_uuid(text);
    case Form::kEmail:
      return is_email(text);
    case Form::kPlain:
      break;
  }
  return form_of(text) == form;
}

std::string_view form_name(Form form) {
  static constexpr std::array<std::string_view, kForms> kNames = {
      "empty", "digits", "decimal digits", "date", "date-time", "uuid", "email", "plain text"};
  return kNames[static_cast<size_t>(form)];
}

}  // namespace sluice::drift
