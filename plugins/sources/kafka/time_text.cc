// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/time_text.h"

#include <chrono>

namespace sluice::kafka_source {
namespace {

// Reads fixed numbers of digits off the front of a text; once something is missing it stays failed.
class DigitReader {
 public:
  explicit DigitReader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  void character(char wanted) {
    if (!next_is(wanted)) failed_ = true;
  }
  bool next_is(char wanted) {
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The first three digits behind a point, of any number.
  int milliseconds() {
    int value = 0;
    int weight = 100;
    if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') failed_ = true;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value += weight * (rest_[0] - '0');
      weight /= 10;
      rest_.remove_prefix(1);
    }
    return value;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

// "Z", "+02:00", "-05:30" as minutes east of UTC.
int zone_minutes(DigitReader& in) {
  if (in.next_is('Z') || in.next_is('z')) return 0;
  const bool west = in.next_is('-');
  if (!west) in.character('+');
  const int hours = in.digits(2);
  in.character(':');
  const int minutes = hours * 60 + in.digits(2);
  return west ? -minutes : minutes;
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  using namespace std::chrono;
  DigitReader in(text);
  const int y = in.digits(4);
  in.character('-');
  const int m = in.digits(2);
  in.character('-');
  const int d = in.digits(2);
  const year_month_day date{year(y), month(static_cast<unsigned>(m)),
                            day(static_cast<unsigned>(d))};
  if (in.failed() || !date.ok()) return std::nullopt;
  milliseconds time = duration_cast<milliseconds>(sys_days(date).time_since_epoch());
  if (in.at_end()) return time.count();
  if (!in.next_is('T') && !in.next_is('t') && !in.next_is(' ')) return std::nullopt;
  const int h = in.digits(2);
  in.character(':');
  const int min = in.digits(2);
  in.character(':');
  const int s = in.digits(2);
  const int fraction = in.next_is('.') ? in.milliseconds() : 0;
  const int zone = zone_minutes(in);
  if (in.failed() || !in.at_end() || h > 23 || min > 59 || s > 60 || zone > 1439 || zone < -1439) {
    return std::nullopt;
  }
  time += hours(h) + minutes(min) + seconds(s) + milliseconds(fraction) - minutes(zone);
  return time.count();
}

}  // namespace sluice::kafka_source
