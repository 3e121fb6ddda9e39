// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::drift {

// What a string looks like. Exactly one holds for a text, the narrowest; a test looks at the shape
// only ("2024-99-99" is a date here): the drift that matters is another kind of text, and whether a
// value is right is the schema's `format`.
enum class Form : uint8_t { kEmpty, kInteger, kDecimal, kDate, kDateTime, kUuid, kEmail, kPlain };
inline constexpr unsigned kForms = 8;

using FormMask = uint8_t;
constexpr FormMask form_bit(Form form) {
  return static_cast<FormMask>(1U << static_cast<unsigned>(form));
}

// Takes time linear in the text, and looks at no more than some 300 bytes of it. `text` is the
// inside of a JSON string, escapes as they stand.
Form form_of(std::string_view text);
// form_of(text) == form, but quicker: for guesses.
bool has_form(Form form, std::string_view text);
// "date-time".
std::string_view form_name(Form form);

// Everything a text of these forms may also look like without being news: plain text takes in all
// but the empty string, decimals take in integers.
constexpr FormMask widened(FormMask forms) {
  if ((forms & form_bit(Form::kPlain)) != 0) {
    return static_cast<FormMask>(0xFFU ^ form_bit(Form::kEmpty)) | forms;
  }
  if ((forms & form_bit(Form::kDecimal)) != 0) forms |= form_bit(Form::kInteger);
  return forms;
}

}  // namespace sluice::drift
