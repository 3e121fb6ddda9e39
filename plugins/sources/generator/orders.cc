// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/generator/orders.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace sluice::generator {
namespace {

using namespace std::string_view_literals;

constexpr std::array kFirst{"Jane"sv,   "John"sv, "Maria"sv, "Ahmed"sv, "Wei"sv,   "Olga"sv,
                            "Carlos"sv, "Aiko"sv, "Priya"sv, "Tom"sv,   "Elena"sv, "Noah"sv};
constexpr std::array kLast{"Doe"sv,   "Smith"sv,  "Garcia"sv, "Khan"sv,  "Li"sv,    "Ivanova"sv,
                           "Silva"sv, "Tanaka"sv, "Patel"sv,  "Brown"sv, "Rossi"sv, "Kim"sv};
constexpr std::array kTenants{"acme-corp"sv, "globex-inc"sv, "initech-ll"sv, "umbrella-x"sv,
                              "hooli-data"sv};
constexpr std::array kSources{"s3-main"sv, "kafka-1"sv, "webhook"sv, "sftp-eu"sv};
constexpr std::array kTypes{"order.created"sv, "order.updated"sv, "order.shipped"sv,
                            "order.cancel"sv};
constexpr std::array kCurrencies{"USD"sv, "EUR"sv, "GBP"sv, "JPY"sv, "CHF"sv};
constexpr std::array kPriorities{"low"sv, "normal"sv, "normal"sv, "high"sv};
constexpr std::array kNotes{"leave at the front door"sv,     "call on arrival please"sv,
                            "gift, no invoice in box"sv,     "n/a"sv,
                            "second floor \\\"B\\\" bell"sv, "porte arri\xc3\xa8re, merci"sv};
constexpr std::array<unsigned, 8> kItemCounts{1, 2, 3, 3, 3, 3, 4, 5};

// splitmix64: any seed gives a good stream at once, which a generator that must jump to any record
// needs.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t index) : state_(mix(seed) ^ mix(index + kStep)) {}

  // 0 .. n-1
  unsigned below(unsigned n) {
    return static_cast<unsigned>(((next() >> 32) * std::uint64_t{n}) >> 32);
  }
  std::uint64_t next() { return mix(state_ += kStep); }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

// Appends to a buffer known to be large enough.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}
  [[nodiscard]] char* at() const { return at_; }

  Pen& text(std::string_view s) {
    std::memcpy(at_, s.data(), s.size());
    at_ += s.size();
    return *this;
  }
  Pen& letter(char c) {
    *at_++ = c;
    return *this;
  }
  Pen& number(std::uint64_t value) {
    at_ = std::to_chars(at_, at_ + 20, value).ptr;
    return *this;
  }
  // At least `width` digits, zeros in front.
  Pen& padded(std::uint64_t value, unsigned width) {
    std::array<char, 20> digits{};
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const auto length = static_cast<unsigned>(end - digits.data());
    for (unsigned i = length; i < width; ++i) letter('0');
    return text({digits.data(), length});
  }
  // Cents as an amount without trailing zeros, one digit behind the point at least.
  Pen& price(unsigned cents) {
    number(cents / 100).letter('.').letter(static_cast<char>('0' + cents % 100 / 10));
    if (cents % 10 != 0) letter(static_cast<char>('0' + cents % 10));
    return *this;
  }

 private:
  char* at_;
};

template <typename List>
std::string_view pick(Dice& dice, const List& list) {
  return list[dice.below(static_cast<unsigned>(list.size()))];
}

// Writes the items; returns the total in cents.
std::uint64_t write_items(Pen& pen, Dice& dice, Flaw flaw) {
  std::uint64_t total = 0;
  const unsigned items = kItemCounts[dice.below(kItemCounts.size())];
  for (unsigned i = 0; i < items; ++i) {
    const unsigned quantity = 1 + dice.below(9);
    const unsigned cents = 100 + dice.below(20000);
    const unsigned sku = dice.below(7 * 36);
    total += std::uint64_t{quantity} * cents;
    if (i > 0) pen.letter(',');
    pen.text("{\"sku\":\"").letter(static_cast<char>('A' + sku / 36)).letter('-');
    pen.number(100 + sku % 36 * 25).text("\",\"qty\":");
    pen.number(flaw == Flaw::kQuantityRange ? 0 : quantity);
    pen.text(",\"price\":").price(cents).letter('}');
  }
  return total;
}

void write_time(Pen& pen, Dice& dice) {
  const unsigned day = 1 + dice.below(28);
  const unsigned second = dice.below(86400);
  pen.text(",\"occurred_at\":\"2026-01-").padded(day, 2).letter('T').padded(second / 3600, 2);
  pen.letter(':').padded(second / 60 % 60, 2).letter(':').padded(second % 60, 2).letter('.');
  pen.padded(dice.below(1000), 3).text("Z\"");
}

void write_head(Pen& pen, Dice& dice, std::uint64_t index, Flaw flaw) {
  pen.text(flaw == Flaw::kIdPattern ? "{\"id\":\"EVT-" : "{\"id\":\"evt_").padded(index, 10);
  pen.text("\",\"tenant\":\"").text(pick(dice, kTenants));
  pen.text("\",\"source\":\"").text(pick(dice, kSources));
  pen.text("\",\"type\":\"").text(pick(dice, kTypes)).text("\",\"revision\":");
  const unsigned revision = dice.below(100);
  if (flaw == Flaw::kRevisionType) {
    pen.letter('"').number(revision).letter('"');
  } else {
    pen.number(revision);
  }
  write_time(pen, dice);
  const std::string_view priority = pick(dice, kPriorities);
  pen.text(",\"priority\":\"").text(flaw == Flaw::kPriorityEnum ? "urgent"sv : priority);
}

void write_payload(Pen& pen, Dice& dice, Flaw flaw) {
  const std::string_view first = pick(dice, kFirst);
  const std::string_view last = pick(dice, kLast);
  pen.text("\",\"payload\":{\"order_id\":").number(100000 + dice.below(900000));
  pen.text(",\"customer\":{\"id\":").number(1000 + dice.below(9000)).text(",\"name\":\"");
  pen.text(first).letter(' ').letter(static_cast<char>('A' + dice.below(26))).text(". ");
  pen.text(last).text("\",\"email\":\"").text(first).letter('.').text(last);
  pen.text("@Example.COM\"},\"items\":[");
  const std::uint64_t total = write_items(pen, dice, flaw);
  pen.text("],");
  if (flaw != Flaw::kTotalMissing) {
    pen.text("\"total\":").number(total / 100).letter('.').padded(total % 100, 2).letter(',');
  }
  pen.text("\"currency\":\"").text(pick(dice, kCurrencies));
  pen.text("\",\"notes\":\"").text(pick(dice, kNotes));
  pen.text("\",\"paid\":").text(dice.below(4) != 0 ? "true"sv : "false"sv).letter('}');
}

Flaw draw_flaw(Dice& dice, std::uint64_t bad_below) {
  if ((dice.next() >> 32) >= bad_below) return Flaw::kNone;
  return static_cast<Flaw>(1 + dice.below(7));
}

}  // namespace

OrderWriter::OrderWriter(std::uint64_t seed, double bad_percent)
    : seed_(seed),
      bad_below_(static_cast<std::uint64_t>(
          std::llround(std::clamp(bad_percent, 0.0, 100.0) / 100 * 4294967296.0))) {}

Flaw OrderWriter::flaw(std::uint64_t index) const {
  Dice dice(seed_, index);
  return draw_flaw(dice, bad_below_);
}

std::size_t OrderWriter::write(std::uint64_t index, char* out) const {
  Dice dice(seed_, index);
  const Flaw flaw = draw_flaw(dice, bad_below_);
  Pen pen(out);
  write_head(pen, dice, index, flaw);
  write_payload(pen, dice, flaw);
  if (flaw == Flaw::kExtraProperty) pen.text(",\"x_debug\":true");
  pen.letter('}');
  const auto length = static_cast<std::size_t>(pen.at() - out);
  return flaw == Flaw::kCutOff ? length * 2 / 3 : length;
}

}  // namespace sluice::generator
