// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/letter_message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "runtime/base/text.h"
#include "runtime/store/pair_list.h"

namespace sluice::store {
namespace {

// A member of DeadLetter that is one text or one number, with the header that carries it.
struct TextHeader {
  std::string_view name;
  std::string DeadLetter::*member;
};
constexpr std::array kTexts = {
    TextHeader{"sluice.tenant", &DeadLetter::tenant},
    TextHeader{"sluice.pipeline", &DeadLetter::pipeline},
    TextHeader{"sluice.source", &DeadLetter::source},
    TextHeader{"sluice.lane", &DeadLetter::lane},
    TextHeader{"sluice.stage", &DeadLetter::stage},
    TextHeader{"sluice.sink", &DeadLetter::sink},
    TextHeader{"sluice.reason", &DeadLetter::reason},
    TextHeader{"sluice.detail", &DeadLetter::detail},
    TextHeader{"sluice.pointer", &DeadLetter::pointer},
    TextHeader{"sluice.first_reason", &DeadLetter::first_reason},
    TextHeader{"sluice.schema_version", &DeadLetter::schema_version},
    TextHeader{"sluice.script_hash", &DeadLetter::script_hash},
    TextHeader{"sluice.bundle_hash", &DeadLetter::bundle_hash},
    TextHeader{"sluice.rendered", &DeadLetter::rendered},
};
template <typename T>
struct NumberHeader {
  std::string_view name;
  T DeadLetter::*member;
};
constexpr std::array kSmallNumbers = {
    NumberHeader<uint32_t>{"sluice.part", &DeadLetter::part},
    NumberHeader<uint32_t>{"sluice.attempts", &DeadLetter::attempts},
    NumberHeader<uint32_t>{"sluice.redrives", &DeadLetter::redrives},
    NumberHeader<uint32_t>{"sluice.flags", &DeadLetter::flags},
};
constexpr std::array kTimes = {
    NumberHeader<int64_t>{"sluice.first_at_us", &DeadLetter::first_at_us},
    NumberHeader<int64_t>{"sluice.last_at_us", &DeadLetter::last_at_us},
    NumberHeader<int64_t>{"sluice.event_time_us", &DeadLetter::event_time_us},
};
struct SwitchHeader {
  std::string_view name;
  bool DeadLetter::*member;
};
constexpr std::array kSwitches = {
    SwitchHeader{"sluice.no_value", &DeadLetter::no_value},
    SwitchHeader{"sluice.answered", &DeadLetter::answered},
};
constexpr std::string_view kPosition = "sluice.position";
constexpr std::string_view kRecordKey = "sluice.key";
constexpr std::string_view kRenderedKey = "sluice.rendered_key";
constexpr std::string_view kFields = "sluice.fields";       // pairs
constexpr std::string_view kDoneSink = "sluice.done_sink";  // once for each
constexpr std::string_view kOwn = "sluice.own";             // one pair: name and value
// For people only: the time of the last failure.
constexpr std::string_view kLastAt = "sluice.last_at";

constexpr std::string_view kTrue = "true";

bool may_stand_as_header(std::string_view name) {
  return !name.empty() && !name.starts_with(kLetterHeaders) &&
         name.find('\0') == std::string_view::npos && is_utf8(name);
}

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Takes one header after the other into a letter.
class LetterReader {
 public:
  explicit LetterReader(DeadLetter& letter) : letter_(letter) {}

  // Empty, or what is wrong.
  std::string take(std::string_view name, const std::string& value) {
    if (!name.starts_with(kLetterHeaders)) {
      letter_.headers.emplace_back(name, value);
      return {};
    }
    if (name == kOwn) return take_own(value);
    if (name == kDoneSink) {
      letter_.done_sinks.push_back(value);
      return {};
    }
    const bool fits = take_text(name, value) && take_number(name, value);
    if (!fits) return "the header " + std::string(name) + " holds " + shown(value);
    if (!once_) return "the header " + std::string(name) + " is there twice";
    return {};
  }

 private:
  static std::string shown(std::string_view value) {
    std::string out;
    append_json_string(out, shorten(value, 80));
    return out;
  }

  // Each number is of one header: false when it is there a second time.
  void note(unsigned number) {
    if ((seen_ >> number & 1) != 0) once_ = false;
    seen_ |= uint64_t{1} << number;
  }

  std::string take_own(const std::string& value) {
    auto own = decode_pairs(value);
    if (!own || own->size() != 1) return "the header sluice.own cannot be read";
    letter_.headers.push_back(std::move(own->front()));
    return {};
  }

  // False: it cannot be read. What is no text of ours is no matter here.
  bool take_text(std::string_view name, const std::string& value) {
    unsigned number = 0;
    for (const TextHeader& text : kTexts) {
      if (text.name == name) {
        letter_.*text.member = value;
        note(number);
      }
      ++number;
    }
    if (name == kRecordKey) {
      letter_.key = value;
      note(number);
    } else if (name == kRenderedKey) {
      letter_.rendered_key = value;
      note(number + 1);
    } else if (name == kFields) {
      auto fields = decode_pairs(value);
      if (!fields) return false;
      letter_.fields = std::move(*fields);
      note(number + 2);
    }
    return true;
  }

  bool take_number(std::string_view name, std::string_view value) {
    unsigned number = 32;  // behind those of texts
    const auto of = [&](const auto& headers) {
      for (const auto& header : headers) {
        ++number;
        if (header.name != name) continue;
        note(number);
        if (!read_number(value, letter_.*header.member)) return false;
      }
      return true;
    };
    if (!of(kSmallNumbers) || !of(kTimes)) return false;
    for (const SwitchHeader& header : kSwitches) {
      ++number;
      if (header.name != name) continue;
      note(number);
      if (value != kTrue && value != "false") return false;
      letter_.*header.member = value == kTrue;
    }
    if (name != kPosition) return true;
    note(number + 1);
    return read_number(value, letter_.position);
  }

  DeadLetter& letter_;
  uint64_t seen_ = 0;
  bool once_ = true;
};
static_assert(kTexts.size() + 3 <= 32 &&
              kSmallNumbers.size() + kTimes.size() + kSwitches.size() < 30);

const std::string* letter_format(const TopicMessage& message) {
  for (const auto& [name, value] : message.headers) {
    if (name == kLetterHeader) return &value;
  }
  return nullptr;
}

}  // namespace

TopicMessage message_of(const DeadLetter& letter) {
  TopicMessage out;
  out.key = letter.id.empty() ? letter_id(letter) : letter.id;
  out.value = letter.raw;
  const auto add = [&](std::string_view name, std::string value) {
    out.headers.emplace_back(name, std::move(value));
  };
  add(kLetterHeader, std::string(kLetterMessageFormat));
  add(kLastAt, format_time_us(letter.last_at_us));
  const DeadLetter defaults;
  for (const TextHeader& text : kTexts) {
    if (!(letter.*text.member).empty()) add(text.name, letter.*text.member);
  }
  add(kPosition, std::to_string(letter.position));
  const auto numbers = [&](const auto& headers) {
    for (const auto& header : headers) {
      const auto value = letter.*header.member;
      if (value != defaults.*header.member) add(header.name, std::to_string(value));
    }
  };
  numbers(kSmallNumbers);
  numbers(kTimes);
  for (const SwitchHeader& header : kSwitches) {
    if (letter.*header.member) add(header.name, std::string(kTrue));
  }
  if (letter.key) add(kRecordKey, *letter.key);
  if (letter.rendered_key) add(kRenderedKey, *letter.rendered_key);
  for (const std::string& sink : letter.done_sinks) add(kDoneSink, sink);
  if (!letter.fields.empty()) add(kFields, encode_pairs(letter.fields));
  for (const auto& [name, value] : letter.headers) {
    if (may_stand_as_header(name)) {
      add(name, value);
    } else {
      add(kOwn, encode_pairs({{name, value}}));
    }
  }
  return out;
}

bool is_letter_message(const TopicMessage& message) {
  return message.value && letter_format(message) != nullptr;
}

Result<DeadLetter> letter_of_message(const TopicMessage& message) {
  const std::string* format = letter_format(message);
  if (!message.value || format == nullptr) {
    return not_found("the message is no dead letter: it has no " +
                     std::string(message.value ? kLetterHeader : "value"));
  }
  if (*format != kLetterMessageFormat) {
    unsigned number = 0;
    const bool newer = read_number(*format, number) && number > 1;
    return newer ? invalid("the dead letter has the format " + *format +
                           ", this program knows 1; upgrade this program")
                 : Status(Code::kCorrupt, "the header sluice.letter holds no number of a format");
  }
  if (!message.key || message.key->empty()) {
    return Status(Code::kCorrupt, "the dead letter has no key, which would be its id");
  }
  DeadLetter letter;
  letter.id = *message.key;
  letter.raw = *message.value;
  LetterReader reader(letter);
  for (const auto& [name, value] : message.headers) {
    std::string wrong = reader.take(name, value);
    if (!wrong.empty()) return Status(Code::kCorrupt, "the dead letter is damaged: " + wrong);
  }
  if (letter.no_value && !letter.raw.empty()) {
    return Status(Code::kCorrupt,
                  "the dead letter is damaged: the header sluice.no_value is there, and a value");
  }
  return letter;
}

}  // namespace sluice::store
