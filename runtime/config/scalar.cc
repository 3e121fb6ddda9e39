// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "runtime/base/text.h"

namespace sluice::config {
namespace {

using enum KeyType;
using Data = Value::Data;

Status expected(const Key& key) { return invalid(cat({"expected ", expected_words(key)})); }

// "between 1 and 1024" in the key's own unit.
std::string limit_text(const Key& key, double limit) {
  switch (item_type(key.type)) {
    case kDuration:
      return format_duration(Millis(static_cast<int64_t>(limit)));
    case kSize:
      return exact_size(static_cast<uint64_t>(limit));
    case kRate:
      return exact_number(limit) + "/s";
    default:
      return exact_number(limit);
  }
}

Status within(const Key& key, double number) {
  if (number >= key.least && number <= key.most) return Status::ok();
  if (key.least == key.most) return invalid(cat({"expected ", limit_text(key, key.least)}));
  return invalid(
      cat({"expected between ", limit_text(key, key.least), " and ", limit_text(key, key.most)}));
}

Result<Data> read_integer(const Key& key, std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return expected(key);
  SLUICE_RETURN_IF_ERROR(within(key, static_cast<double>(number)));
  return Data(number);
}

Result<Data> read_number(const Key& key, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
    return expected(key);
  }
  SLUICE_RETURN_IF_ERROR(within(key, number));
  return Data(number);
}

// "5%" or "0.05".
Result<Data> read_share(const Key& key, std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
    return expected(key);
  }
  if (percent) number /= 100;
  SLUICE_RETURN_IF_ERROR(within(key, number));
  return Data(number);
}

Result<Data> read_duration(const Key& key, std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return expected(key);
  SLUICE_RETURN_IF_ERROR(within(key, static_cast<double>(duration->count())));
  return Data(*duration);
}

Result<Data> read_choice(const Key& key, std::string_view text) {
  for (const std::string_view choice : key.choices) {
    if (choice == text) return Data(std::string(text));
  }
  return expected(key);
}

bool is_pointer(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '/') return false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '~') continue;
    if (at + 1 >= text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

Result<Data> read_pointer(const Key& key, std::string_view text) {
  if (!is_pointer(text)) {
    return invalid(cat(
        {"expected ", expected_words(key), " (it begins with /, and writes ~ as ~0 and / as ~1)"}));
  }
  return Data(std::string(text));
}

bool is_label(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// host:port, [v6]:port; the empty text means off.
Result<Data> read_listen(const Key& key, std::string_view text) {
  if (text == "off") return Data(std::string());
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return expected(key);
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (error != std::errc{} || end != port.data() + port.size() || number > 65535 ||
      (!bracketed && host.find_first_of(":[] /") != std::string_view::npos)) {
    return expected(key);
  }
  return Data(std::string(text));
}

Result<Data> read_path(const Key& key, std::string_view text, const std::filesystem::path& base) {
  if (text.empty()) return expected(key);
  return Data((base / text).lexically_normal().string());
}

}  // namespace

std::string expected_words(const Key& key) {
  if (key.type != kChoice) return std::string(type_words(key.type));
  std::string words;
  for (size_t i = 0; i < key.choices.size(); ++i) {
    if (i > 0) words += i + 1 == key.choices.size() ? " or " : ", ";
    words += key.choices[i];
  }
  return words;
}

KeyType item_type(KeyType type) {
  switch (type) {
    case kDurations:
      return kDuration;
    case kPointers:
      return kPointer;
    case kFolders:
      return kFolder;
    default:
      return type;
  }
}

Result<Data> read_scalar(const Key& key, std::string_view text, bool quoted,
                         const std::filesystem::path& base) {
  switch (key.type) {
    case kBool:
      if (quoted || (text != "true" && text != "false")) return expected(key);
      return Data(text == "true");
    case kInteger:
      return quoted ? Result<Data>(expected(key)) : read_integer(key, text);
    case kNumber:
      return quoted ? Result<Data>(expected(key)) : read_number(key, text);
    case kWorkers:
      if (text == "auto") return Data(uint64_t{0});
      return quoted ? Result<Data>(expected(key)) : read_integer(key, text);
    case kDuration:
      return read_duration(key, text);
    case kSize: {
      const auto size = parse_size(text);
      if (!size) return expected(key);
      SLUICE_RETURN_IF_ERROR(within(key, static_cast<double>(*size)));
      return Data(*size);
    }
    case kShare:
      return read_share(key, text);
    case kRate: {
      const auto rate = parse_rate(text);
      if (!rate) return expected(key);
      SLUICE_RETURN_IF_ERROR(within(key, *rate));
      return Data(*rate);
    }
    case kChoice:
    case kRecordKey:
      return read_choice(key, text);
    case kPointer:
      return read_pointer(key, text);
    case kLabel:
      return is_label(text) ? Result<Data>(Data(std::string(text))) : expected(key);
    case kListen:
      return read_listen(key, text);
    case kInputFile:
    case kFolder:
      return read_path(key, text, base);
    case kString:
      return Data(std::string(text));
    case kSection:
    case kNamed:
    case kOptions:
    case kDurations:
    case kPointers:
    case kFolders:
      break;
  }
  return expected(key);
}

std::string found_text(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kScalar:
      break;
  }
  if (node.secret) return cat({"the content of ", quote(node.written)});
  std::string out = node.quoted && node.written.empty() ? "the text " : "";
  out += quote(node.text);
  if (!node.written.empty()) out += cat({" from ", quote(node.written)});
  return out;
}

std::string exact_number(double number) {
  // Shortest form, but 1000000 rather than 1e+06.
  if (std::abs(number) < 1e15 && number == std::floor(number)) {
    return std::to_string(static_cast<int64_t>(number));
  }
  std::array<char, 64> out{};
  const auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), number);
  return error == std::errc{} ? std::string(out.data(), end) : "0";
}

std::string exact_size(uint64_t bytes) {
  static constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  std::string_view unit;
  for (const std::string_view next : kUnits) {
    if (bytes == 0 || bytes % 1024 != 0) break;
    bytes /= 1024;
    unit = next;
  }
  return std::to_string(bytes) + std::string(unit);
}

std::string scalar_text(const Key& key, const Data& data) {
  if (const auto* flag = std::get_if<bool>(&data)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<uint64_t>(&data)) {
    if (key.type == kWorkers && *number == 0) return "auto";
    return key.type == kSize ? exact_size(*number) : std::to_string(*number);
  }
  if (const auto* number = std::get_if<double>(&data)) {
    return exact_number(*number) + (key.type == kRate ? "/s" : "");
  }
  if (const auto* time = std::get_if<Millis>(&data)) return format_duration(*time);
  if (const auto* text = std::get_if<std::string>(&data)) {
    return key.type == kListen && text->empty() ? "off" : *text;
  }
  return {};
}

}  // namespace sluice::config
