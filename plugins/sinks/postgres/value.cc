// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

#include "plugins/common/rows.h"
#include "plugins/sinks/postgres/array.h"
#include "plugins/sinks/postgres/literal.h"

namespace sluice::postgres_sink {
namespace {

// Up to here every whole number is exact in a double.
constexpr double kExactWhole = 9007199254740992.0;

std::string_view text_in(const sluice_cell& cell) {
  return cell.text.data == nullptr ? std::string_view()
                                   : std::string_view(cell.text.data, cell.text.size);
}

bool is_number(const sluice_cell& cell) {
  return cell.kind == SLUICE_CELL_I64 || cell.kind == SLUICE_CELL_U64 ||
         cell.kind == SLUICE_CELL_F64;
}

template <typename T>
Fit append_number(T value, std::string* out) {
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), end.ptr);
  return Fit::kFits;
}

// Bytes that stand for themselves in a field. The rest: control characters, the backslash, and all
// that is not ASCII.
constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (size_t i = 0x20; i < 0x80; ++i) plain[i] = i != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = plain_bytes();

// A backslash, in digits: a line never ends in a backslash.
constexpr std::string_view kBackslash = "\\134";

// Where a value stands: alone in its field, or in double quotes in the text of an array.
enum class Place : uint8_t { kField, kArray };

void append_escaped(Place place, char c, std::string* out) {
  switch (c) {
    case '\\':
      if (place == Place::kArray) out->append(kBackslash);
      out->append(kBackslash);
      break;
    case '\n':
      out->append("\\n");
      break;
    case '\r':
      out->append("\\r");
      break;
    case '\t':
      out->append("\\t");
      break;
    case '"':
      if (place == Place::kArray) out->append(kBackslash);
      out->push_back(c);
      break;
    default:
      out->push_back(c);
  }
}

// False: it holds NUL or is not UTF-8, which no PostgreSQL string is.
bool append_text(Place place, std::string_view text, std::string* out) {
  const auto is_plain = [place](char c) {
    return kPlain[static_cast<unsigned char>(c)] && (c != '"' || place == Place::kField);
  };
  while (!text.empty()) {
    size_t run = 0;
    while (run < text.size() && is_plain(text[run])) ++run;
    out->append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) return true;
    if (text.front() == '\0') return false;
    const size_t length = detail::utf8_length(text);
    if (length == 0) return false;
    if (length == 1) {
      append_escaped(place, text.front(), out);
    } else {
      out->append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return true;
}

Fit append_words(Place place, std::string_view text, std::string* out) {
  return append_text(place, text, out) ? Fit::kFits : Fit::kMismatch;
}

Fit append_bytes(Place place, const sluice_cell& cell, std::string* out) {
  if (cell.kind != SLUICE_CELL_TEXT) return Fit::kMismatch;
  if (place == Place::kArray) out->append(kBackslash);
  out->append(kBackslash).push_back('x');
  return append_base64_in_hex(text_in(cell), out) ? Fit::kFits : Fit::kMismatch;
}

Fit append_integer(const Column& column, const sluice_cell& cell, std::string* out) {
  const auto number = whole_number(cell);
  if (!number) return Fit::kMismatch;
  if (column.type.element == ColumnType::kInteger &&
      (*number < std::numeric_limits<int32_t>::min() ||
       *number > std::numeric_limits<int32_t>::max())) {
    return Fit::kMismatch;
  }
  return append_number(*number, out);
}

Fit append_numeric(const Column& column, const sluice_cell& cell, std::string* out) {
  if (!is_number(cell) && cell.kind != SLUICE_CELL_TEXT) return Fit::kMismatch;
  uint32_t decimals = 0;
  if (!is_numeric(text_in(cell), &decimals)) return Fit::kMismatch;
  if (column.scale && decimals > *column.scale) return Fit::kMismatch;
  out->append(text_in(cell));
  return Fit::kFits;
}

Fit append_double(const sluice_cell& cell, std::string* out) {
  if (cell.kind == SLUICE_CELL_I64) return append_number(cell.v.i64, out);
  if (cell.kind == SLUICE_CELL_U64) return append_number(cell.v.u64, out);
  if (cell.kind != SLUICE_CELL_F64 || !std::isfinite(cell.v.f64)) return Fit::kMismatch;
  return append_number(cell.v.f64, out);
}

Fit append_shaped(bool (*fits)(std::string_view), const sluice_cell& cell, std::string* out) {
  if (cell.kind != SLUICE_CELL_TEXT || !fits(text_in(cell))) return Fit::kMismatch;
  out->append(text_in(cell));
  return Fit::kFits;
}

bool is_null(const Column& column, const sluice_cell& cell) {
  if (cell.kind == SLUICE_CELL_NULL || cell.kind == SLUICE_CELL_ABSENT) return true;
  return column.type == ColumnType::kJsonb && cell.kind == SLUICE_CELL_JSON &&
         text_in(cell) == "null";
}

// At most `limit` bytes, never cutting a character; what is not printable is spelt out.
std::string shown(std::string_view raw, size_t limit) {
  std::string out;
  while (!raw.empty() && out.size() < limit) {
    const auto byte = static_cast<unsigned char>(raw.front());
    const size_t length = detail::utf8_length(raw);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> spelt{};
      std::snprintf(spelt.data(), spelt.size(), length == 0 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(byte));
      out += spelt.data();
      raw.remove_prefix(1);
      continue;
    }
    out.append(raw.substr(0, length));
    raw.remove_prefix(length);
  }
  if (!raw.empty()) out += "...";
  return out;
}

std::string found_in(const sluice_cell& cell) {
  constexpr size_t kShown = 48;
  return rows::describe_cell(cell, shown(text_in(cell), kShown));
}

// `cell` as a value of the column, or of an element of it; not null.
Fit append_value(const Column& column, const sluice_cell& cell, Place place, std::string* out) {
  switch (column.type.element) {
    case ColumnType::kText:
      if (!is_number(cell) && cell.kind != SLUICE_CELL_TEXT) return Fit::kMismatch;
      return append_words(place, text_in(cell), out);
    case ColumnType::kInteger:
    case ColumnType::kBigint:
      return append_integer(column, cell, out);
    case ColumnType::kNumeric:
      return append_numeric(column, cell, out);
    case ColumnType::kDouble:
      return append_double(cell, out);
    case ColumnType::kBoolean:
      if (cell.kind != SLUICE_CELL_BOOL) return Fit::kMismatch;
      out->push_back(cell.v.u64 != 0 ? 't' : 'f');
      return Fit::kFits;
    case ColumnType::kTimestamptz:
      return append_shaped(is_timestamp, cell, out);
    case ColumnType::kDate:
      return append_shaped(is_date, cell, out);
    case ColumnType::kUuid:
      return append_shaped(is_uuid, cell, out);
    case ColumnType::kBytea:
      return append_bytes(place, cell, out);
    case ColumnType::kJsonb:
      return append_words(place, text_in(cell), out);
  }
  return Fit::kMismatch;
}

constexpr size_t kNoElement = SIZE_MAX;

// The text of an array, every element but NULL in double quotes. Answers the place of the first
// that does not fit, counted from 0, and then, if asked, what it is; kNoElement: all fit.
size_t append_array(const Column& column, const sluice_cell& cell, std::string* out,
                    std::string* misfit = nullptr) {
  const bool is_json = cell.kind == SLUICE_CELL_JSON;
  ArrayWalk walk(is_json ? text_in(cell) : std::string_view());
  sluice_cell element{};
  out->push_back('{');
  for (size_t i = 0;; ++i) {
    const ArrayWalk::Step step = walk.next(&element);
    if (step == ArrayWalk::Step::kEnd) break;
    if (step == ArrayWalk::Step::kBroken) return i;
    if (i != 0) out->push_back(',');
    if (element.kind == SLUICE_CELL_NULL) {
      out->append("NULL");
      continue;
    }
    out->push_back('"');
    if (append_value(column, element, Place::kArray, out) != Fit::kFits) {
      if (misfit != nullptr) *misfit = found_in(element);
      return i;
    }
    out->push_back('"');
  }
  out->push_back('}');
  return kNoElement;
}

std::string array_cure(const Column& column, const sluice_cell& cell) {
  if (cell.kind != SLUICE_CELL_JSON || !text_in(cell).starts_with('[')) {
    return " (an array of " + type_word({column.type.element}) + ")";
  }
  std::string text;
  std::string misfit = "not readable";
  const size_t at = append_array(column, cell, &text, &misfit);
  return " (element " + std::to_string(at) + " is " + misfit + "; an array holds " +
         type_word({column.type.element}) + " and null)";
}

std::string cure(const Column& column, const sluice_cell& cell) {
  const bool text = cell.kind == SLUICE_CELL_TEXT;
  if (column.type.array) return array_cure(column, cell);
  switch (column.type.element) {
    case ColumnType::kText:
      if (text) return " (PostgreSQL's strings hold no NUL and no broken UTF-8)";
      return " (a jsonb column takes any value)";
    case ColumnType::kInteger:
      return is_number(cell) ? " (whole numbers of 32 bits; bigint takes 64)" : "";
    case ColumnType::kBigint:
      return is_number(cell) ? " (whole numbers of 64 signed bits; numeric keeps all digits)" : "";
    case ColumnType::kNumeric:
      if (column.scale && (text || is_number(cell))) {
        return " (a decimal number of at most " + std::to_string(*column.scale) +
               " digits behind the point; more would be rounded away)";
      }
      return " (a decimal number of at most 131072 digits)";
    case ColumnType::kTimestamptz:
      return " (such as 2026-01-31T12:00:00Z, with offset)";
    case ColumnType::kDate:
      return " (such as 2026-01-31)";
    case ColumnType::kUuid:
      return " (such as 123e4567-e89b-12d3-a456-426614174000)";
    case ColumnType::kBytea:
      return " (base64 with its padding, such as aGVsbG8=)";
    case ColumnType::kDouble:
    case ColumnType::kBoolean:
    case ColumnType::kJsonb:
      break;
  }
  return "";
}

}  // namespace

std::optional<int64_t> whole_number(const sluice_cell& cell) {
  if (cell.kind == SLUICE_CELL_I64) return cell.v.i64;
  if (cell.kind != SLUICE_CELL_F64) return std::nullopt;
  const double number = cell.v.f64;
  if (!(std::fabs(number) <= kExactWhole) || number != std::trunc(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

Fit append_field(const Column& column, const sluice_cell& cell, std::string* out) {
  if (is_null(column, cell)) {
    out->append("\\N");
    return column.not_null ? Fit::kNullRefused : Fit::kFits;
  }
  if (!column.type.array) return append_value(column, cell, Place::kField, out);
  return append_array(column, cell, out) == kNoElement ? Fit::kFits : Fit::kMismatch;
}

std::string describe_misfit(const Column& column, const sluice_cell& cell) {
  return "column " + shown(column.name, 64) + " expects " + type_word(column.type) +
         (column.not_null ? " and no null" : "") + ", found " + found_in(cell) + " at " +
         (column.pointer.empty() ? std::string("the whole record") : shown(column.pointer, 128)) +
         (is_null(column, cell) ? "" : cure(column, cell));
}

}  // namespace sluice::postgres_sink
