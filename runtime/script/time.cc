// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/time.h"

#include <chrono>

namespace sluice::script {
namespace {

// Reads fixed-width fields off the front of a text; `ok` stays false once anything was wrong.
struct Reader {
  std::string_view text;
  bool ok = true;

  int number(size_t digits) {
    if (text.size() < digits) ok = false;
    if (!ok) return 0;
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (text[i] < '0' || text[i] > '9') {
        ok = false;
        return 0;
      }
      value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
  }
  bool skip(std::string_view any_of) {
    if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { ok = skip(any_of) && ok; }
};

int read_milliseconds(Reader& in) {
  int ms = 0;
  int digits = 0;
  for (; !in.text.empty() && in.text[0] >= '0' && in.text[0] <= '9'; in.text.remove_prefix(1)) {
    if (digits < 3) ms = ms * 10 + (in.text[0] - '0');
    ++digits;
  }
  in.ok = in.ok && digits > 0;
  for (; digits < 3; ++digits) ms *= 10;
  return ms;
}

int read_offset_minutes(Reader& in) {
  if (in.skip("Zz")) return 0;
  const bool west = !in.text.empty() && in.text[0] == '-';
  in.expect("+-");
  const int hours = in.number(2);
  in.expect(":");
  const int minutes = in.number(2);
  in.ok = in.ok && hours < 24 && minutes < 60;
  return (west ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace

bool parse_time_ms(std::string_view text, int64_t* ms) {
  Reader in{text};
  const int year = in.number(4);
  in.expect("-");
  const int month = in.number(2);
  in.expect("-");
  const int day = in.number(2);
  in.expect("Tt ");
  const int hour = in.number(2);
  in.expect(":");
  const int minute = in.number(2);
  in.expect(":");
  const int second = in.number(2);
  const int fraction = in.skip(".") ? read_milliseconds(in) : 0;
  const int offset = read_offset_minutes(in);
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  // 60 is a leap second, counted as the first of the next minute.
  if (!in.ok || !in.text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return false;
  }
  const int64_t days = sys_days(date).time_since_epoch().count();
  const int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second - offset * 60;
  *ms = seconds * 1000 + fraction;
  return true;
}

}  // namespace sluice::script
