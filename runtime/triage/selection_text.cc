// SPDX-License-Identifier: Apache-2.0
// A selection as people and the admin API write it.
#include <array>
#include <charconv>
#include <chrono>

#include "runtime/base/text.h"
#include "runtime/triage/selection.h"

namespace sluice::triage {
namespace {

constexpr size_t kMostNames = 10'000;  // ids or keys in one selection

struct TextMember {
  const char* name;
  std::string LetterFilter::*member;
};
constexpr std::array kTexts = {
    TextMember{"tenant", &LetterFilter::tenant}, TextMember{"pipeline", &LetterFilter::pipeline},
    TextMember{"reason", &LetterFilter::reason}, TextMember{"source", &LetterFilter::source},
    TextMember{"stage", &LetterFilter::stage},   TextMember{"sink", &LetterFilter::sink},
    TextMember{"group", &LetterFilter::group},
};

void add_name(std::string& out, std::string_view name) {
  out += out.back() == '{' ? "" : ",";
  append_json_string(out, name);
  out += ':';
}

void add_list(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, texts[i]);
  }
  out += ']';
}

Status not_understood(std::string_view name, std::string_view expected) {
  return invalid("'" + shorten(name, 60) + "': expected " + std::string(expected));
}

class SelectionReader {
 public:
  SelectionReader(const Document& document, NodeIndex object)
      : document_(document), object_(object) {}

  Result<Selection> read() {
    if (document_.kind(object_) != JsonKind::kObject) {
      return invalid("a selection of dead letters is a JSON object");
    }
    NodeIndex name = document_.first_child(object_);
    for (uint32_t i = document_.count(object_); i > 0; --i) {
      const NodeIndex value = document_.next(name);
      SLUICE_RETURN_IF_ERROR(member(document_.string(name, arena_), value));
      name = document_.next(value);
    }
    return std::move(out_);
  }

 private:
  Status member(std::string_view name, NodeIndex value) {
    for (const TextMember& text : kTexts) {
      if (name != text.name) continue;
      if (document_.kind(value) != JsonKind::kString) return not_understood(name, "a text");
      out_.filter.*text.member = std::string(document_.string(value, arena_));
      return Status::ok();
    }
    if (name == "ids") return texts(name, value, out_.filter.ids);
    if (name == "keys") return texts(name, value, out_.filter.keys);
    if (name == "since_us") return moment(name, value, out_.filter.since_us);
    if (name == "until_us") return moment(name, value, out_.filter.until_us);
    if (name == "where") return conditions(value);
    return invalid("'" + shorten(name, 60) + "' is not a member of a selection of dead letters");
  }

  Status texts(std::string_view name, NodeIndex list, std::vector<std::string>& out) {
    if (document_.kind(list) != JsonKind::kArray || document_.count(list) > kMostNames) {
      return not_understood(name, "a list of at most 10000 texts");
    }
    NodeIndex item = document_.first_child(list);
    for (uint32_t i = document_.count(list); i > 0; --i, item = document_.next(item)) {
      if (document_.kind(item) != JsonKind::kString) return not_understood(name, "texts");
      out.emplace_back(document_.string(item, arena_));
    }
    return Status::ok();
  }

  Status moment(std::string_view name, NodeIndex value, int64_t& out) {
    if (document_.kind(value) != JsonKind::kNumber || !document_.int64(value, &out)) {
      return not_understood(name, "microseconds since 1970");
    }
    return Status::ok();
  }

  Status conditions(NodeIndex list) {
    constexpr std::string_view kExpected = "a list of {\"pointer\", \"values\"}";
    if (document_.kind(list) != JsonKind::kArray) return not_understood("where", kExpected);
    NodeIndex item = document_.first_child(list);
    for (uint32_t i = document_.count(list); i > 0; --i, item = document_.next(item)) {
      if (document_.kind(item) != JsonKind::kObject) return not_understood("where", kExpected);
      const NodeIndex pointer = document_.find(item, "pointer");
      const NodeIndex values = document_.find(item, "values");
      if (pointer == kNoNode || values == kNoNode || document_.kind(pointer) != JsonKind::kString) {
        return not_understood("where", kExpected);
      }
      SLUICE_ASSIGN_OR_RETURN(JsonPointer parsed,
                              JsonPointer::parse(document_.string(pointer, arena_)));
      Where where{std::move(parsed), {}};
      SLUICE_RETURN_IF_ERROR(texts("values", values, where.values));
      out_.where.push_back(std::move(where));
    }
    return Status::ok();
  }

  const Document& document_;
  const NodeIndex object_;
  Arena arena_{4096};
  Selection out_;
};

// Reads digits; the rest of the text stays.
bool take_number(std::string_view& text, size_t digits, int* out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, *out);
  if (error != std::errc() || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// ".5" as microseconds; nothing: 0.
bool take_fraction(std::string_view& text, int64_t* us) {
  *us = 0;
  if (!take(text, '.')) return true;
  int64_t unit = 100'000;
  size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    *us += (text.front() - '0') * unit;
    unit /= 10;
    ++digits;
    text.remove_prefix(1);
  }
  return digits > 0;
}

// "Z", "+02:00" or nothing, as microseconds east of UTC.
bool take_offset(std::string_view& text, int64_t* us) {
  *us = 0;
  if (text.empty() || take(text, 'Z')) return true;
  const bool west = text.starts_with('-');
  if (!take(text, '-') && !take(text, '+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, &hours) || !take(text, ':') || !take_number(text, 2, &minutes)) {
    return false;
  }
  *us = (hours * 60 + minutes) * int64_t{60'000'000} * (west ? -1 : 1);
  return true;
}

bool parse_time(std::string_view text, int64_t* us) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int64_t fraction = 0;
  int64_t offset = 0;
  if (!take_number(text, 4, &year) || !take(text, '-') || !take_number(text, 2, &month) ||
      !take(text, '-') || !take_number(text, 2, &day)) {
    return false;
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return false;
  if (take(text, 'T') || take(text, ' ')) {
    if (!take_number(text, 2, &hour) || !take(text, ':') || !take_number(text, 2, &minute)) {
      return false;
    }
    if (take(text, ':') && (!take_number(text, 2, &second) || !take_fraction(text, &fraction))) {
      return false;
    }
    if (!take_offset(text, &offset)) return false;
  }
  if (!text.empty() || hour > 23 || minute > 59 || second > 59) return false;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  *us = ((int64_t{days} * 24 + hour) * 60 + minute) * 60'000'000 + int64_t{second} * 1'000'000 +
        fraction - offset;
  return true;
}

}  // namespace

Result<int64_t> parse_moment(std::string_view text, int64_t now_us) {
  if (const auto ago = parse_duration(text)) return now_us - ago->count() * 1000;
  int64_t us = 0;
  if (parse_time(text, &us)) return us;
  return invalid("'" + shorten(text, 60) +
                 "': expected a duration such as 30m or 2h, or a time such as 2026-11-26T14:02");
}

std::string selection_json(const Selection& selection) {
  std::string out = "{";
  if (!selection.filter.ids.empty()) {
    add_name(out, "ids");
    add_list(out, selection.filter.ids);
  }
  if (!selection.filter.keys.empty()) {
    add_name(out, "keys");
    add_list(out, selection.filter.keys);
  }
  for (const TextMember& text : kTexts) {
    const std::string& value = selection.filter.*text.member;
    if (value.empty()) continue;
    add_name(out, text.name);
    append_json_string(out, value);
  }
  for (const auto& [name, us] : {std::pair("since_us", selection.filter.since_us),
                                 std::pair("until_us", selection.filter.until_us)}) {
    if (us == 0) continue;
    add_name(out, name);
    out += std::to_string(us);
  }
  if (!selection.where.empty()) {
    add_name(out, "where");
    out += '[';
    for (const Where& where : selection.where) {
      out += out.back() == '[' ? "{\"pointer\":" : ",{\"pointer\":";
      append_json_string(out, where.pointer.text());
      out += ",\"values\":";
      add_list(out, where.values);
      out += '}';
    }
    out += ']';
  }
  return out + "}";
}

Result<Selection> read_selection(const Document& document, NodeIndex object) {
  return SelectionReader(document, object).read();
}

}  // namespace sluice::triage
