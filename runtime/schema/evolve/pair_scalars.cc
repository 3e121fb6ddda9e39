// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/schema/evolve/pair_comparer.h"
#include "runtime/schema/formats.h"
#include "runtime/schema/number.h"

// Numbers and strings.
namespace sluice::schema {
namespace {

// Every number that the tighter bound lets through, the looser one does too.
bool implies_lower(const std::optional<ShapeBound>& tight, const std::optional<ShapeBound>& loose) {
  if (!loose) return true;
  if (!tight) return false;
  const int order = compare(parse_decimal(tight->text), parse_decimal(loose->text));
  return order > 0 || (order == 0 && (tight->exclusive || !loose->exclusive));
}

bool implies_upper(const std::optional<ShapeBound>& tight, const std::optional<ShapeBound>& loose) {
  if (!loose) return true;
  if (!tight) return false;
  const int order = compare(parse_decimal(tight->text), parse_decimal(loose->text));
  return order < 0 || (order == 0 && (tight->exclusive || !loose->exclusive));
}

bool in_range(const ShapeValue& value, const Shape& shape) {
  const Decimal number = parse_decimal(value.json);
  if (shape.lower) {
    const int order = compare(number, parse_decimal(shape.lower->text));
    if (order < 0 || (order == 0 && shape.lower->exclusive)) return false;
  }
  if (shape.upper) {
    const int order = compare(number, parse_decimal(shape.upper->text));
    if (order > 0 || (order == 0 && shape.upper->exclusive)) return false;
  }
  return true;
}

bool divides(const std::string& divisor, const std::string& number) {
  if (divisor.empty()) return true;
  const auto parsed = Divisor::parse(divisor);
  return parsed && parsed->divides(number, std::nullopt);
}

uint64_t code_points(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string range_json(const Shape& shape) {
  std::string out;
  const auto add = [&out](const char* plain, const char* exclusive,
                          const std::optional<ShapeBound>& bound) {
    if (!bound) return;
    out += out.empty() ? "{\"" : ",\"";
    out += bound->exclusive ? exclusive : plain;
    out += "\":" + bound->text;
  };
  add("minimum", "exclusiveMinimum", shape.lower);
  add("maximum", "exclusiveMaximum", shape.upper);
  return out.empty() ? out : out + "}";
}

std::string range_text(const Shape& shape) {
  std::string out;
  if (shape.lower) out += (shape.lower->exclusive ? "> " : ">= ") + shape.lower->text;
  if (shape.lower && shape.upper) out += " and ";
  if (shape.upper) out += (shape.upper->exclusive ? "< " : "<= ") + shape.upper->text;
  return out.empty() ? "any" : out;
}

std::string counts_json(const ShapeRange& range, const char* min_name, const char* max_name) {
  std::string out;
  if (range.min != 0) out += "\"" + std::string(min_name) + "\":" + std::to_string(range.min);
  if (range.max != UINT64_MAX) {
    if (!out.empty()) out += ',';
    out += "\"" + std::string(max_name) + "\":" + std::to_string(range.max);
  }
  return out.empty() ? out : "{" + out + "}";
}

std::string counts_text(const ShapeRange& range) {
  if (range.max == UINT64_MAX) {
    return range.min == 0 ? "any" : std::to_string(range.min) + " or more";
  }
  if (range.min == 0) return "up to " + std::to_string(range.max);
  if (range.min == range.max) return std::to_string(range.min);
  return std::to_string(range.min) + " to " + std::to_string(range.max);
}

std::string or_nothing(const std::optional<std::string>& text) {
  std::string out;
  if (text) append_json_string(out, *text);
  return out;
}

}  // namespace

template <typename FitsNew, typename FitsOld>
PairComparer::Bits PairComparer::by_values(uint8_t kinds, Bits otherwise, FitsNew&& fits_new,
                                           FitsOld&& fits_old) const {
  const auto all = [kinds](const Shape& shape, auto&& fits) {
    return std::all_of(shape.values.begin(), shape.values.end(), [&](const ShapeValue& value) {
      return (value.kind & kinds) == 0 || fits(value);
    });
  };
  if (a_.has_values) otherwise.backward = otherwise.backward || all(a_, fits_new);
  if (b_.has_values) otherwise.forward = otherwise.forward || all(b_, fits_old);
  return otherwise;
}

void PairComparer::numbers() {
  if (!relevant(kNumberKinds)) return;
  Bits bits{implies_lower(a_.lower, b_.lower) && implies_upper(a_.upper, b_.upper),
            implies_lower(b_.lower, a_.lower) && implies_upper(b_.upper, a_.upper)};
  bits = by_values(
      kNumberKinds, bits, [this](const ShapeValue& value) { return in_range(value, b_); },
      [this](const ShapeValue& value) { return in_range(value, a_); });
  report_ways({ChangeKind::kRangeWidened, ChangeKind::kRangeNarrowed, ChangeKind::kRangeChanged},
              bits, range_text(a_) + " -> " + range_text(b_), range_json(a_), range_json(b_));
  multiple_of();
}

void PairComparer::multiple_of() {
  if (a_.multiple_of == b_.multiple_of) return;
  const auto implied = [](const std::string& tight, const std::string& loose) {
    return loose.empty() || (!tight.empty() && divides(loose, tight));
  };
  Bits bits{implied(a_.multiple_of, b_.multiple_of), implied(b_.multiple_of, a_.multiple_of)};
  bits = by_values(
      kNumberKinds, bits,
      [this](const ShapeValue& value) { return divides(b_.multiple_of, value.json); },
      [this](const ShapeValue& value) { return divides(a_.multiple_of, value.json); });
  const auto text = [](const std::string& of) { return of.empty() ? "any" : "multiple of " + of; };
  report_ways({ChangeKind::kMultipleOfWidened, ChangeKind::kMultipleOfNarrowed,
               ChangeKind::kMultipleOfChanged},
              bits, text(a_.multiple_of) + " -> " + text(b_.multiple_of), a_.multiple_of,
              b_.multiple_of);
}

void PairComparer::counts(const ShapeRange& before, const ShapeRange& after, const char* min_name,
                          const char* max_name, const Ways& ways, Bits bits) {
  if (before == after) return;
  report_ways(ways, bits, counts_text(before) + " -> " + counts_text(after),
              counts_json(before, min_name, max_name), counts_json(after, min_name, max_name));
}

void PairComparer::strings() {
  if (!relevant(kKindString)) return;
  const auto fits = [](const ShapeRange& range) {
    return [&range](const ShapeValue& value) {
      const uint64_t length = code_points(value.text);
      return range.min <= length && length <= range.max;
    };
  };
  const Bits bits =
      by_values(kKindString, {a_.length.within(b_.length), b_.length.within(a_.length)},
                fits(b_.length), fits(a_.length));
  counts(a_.length, b_.length, "minLength", "maxLength",
         {ChangeKind::kLengthWidened, ChangeKind::kLengthNarrowed, ChangeKind::kLengthChanged},
         bits);
  text_keyword("pattern", a_.pattern, b_.pattern, ChangeKind::kPatternAdded,
               ChangeKind::kPatternRemoved, ChangeKind::kPatternChanged,
               [this](const std::string& pattern, const ShapeValue& value) {
                 return owner_.matches(pattern, value.text) == Comparison::Match::kYes;
               });
  if (a_.format && a_.format == b_.format && old_.asserts_format != new_.asserts_format) {
    report(new_.asserts_format ? ChangeKind::kFormatAdded : ChangeKind::kFormatRemoved,
           {old_.asserts_format, new_.asserts_format},
           "format is checked in one dialect and a remark in the other");
  }
  text_keyword("format", a_.format, b_.format, ChangeKind::kFormatAdded, ChangeKind::kFormatRemoved,
               ChangeKind::kFormatChanged, [](const std::string& format, const ShapeValue& value) {
                 const FormatCheck check = find_format(format);
                 return check != nullptr && check(value.text);
               });
}

void PairComparer::text_keyword(
    const char* keyword, const std::optional<std::string>& before,
    const std::optional<std::string>& after, ChangeKind added, ChangeKind removed,
    ChangeKind changed, const std::function<bool(const std::string&, const ShapeValue&)>& fits) {
  if (before == after) return;
  const Bits bits = by_values(
      kKindString, {!after, !before},
      [&](const ShapeValue& value) { return !after || fits(*after, value); },
      [&](const ShapeValue& value) { return !before || fits(*before, value); });
  const ChangeKind kind = !before ? added : (!after ? removed : changed);
  const std::string from = or_nothing(before);
  const std::string to = or_nothing(after);
  std::string detail =
      shorten(from.empty() ? "none" : from, 60) + " -> " + shorten(to.empty() ? "none" : to, 60);
  if (kind == changed)
    detail += "; whether one " + std::string(keyword) + " covers the other is not judged";
  report(kind, bits, std::move(detail), from, to);
}

}  // namespace sluice::schema
