// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "runtime/base/text.h"

namespace sluice::config {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

// Core schema: [-+]?[0-9]+. JSON knows neither a plus sign nor leading zeros.
std::string integer_json(std::string_view text) {
  std::string_view digits = without_sign(text);
  while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
  std::string out = text.starts_with('-') && digits != "0" ? "-" : "";
  out += digits;
  return out;
}

// Core schema: 0o7 and 0x3A; those past 64 bits stay text.
std::string radix_json(std::string_view text) {
  const int radix = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 0;
  if (radix == 0 || text.size() < 3) return {};
  uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data() + 2, text.data() + text.size(), number, radix);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return std::to_string(number);
}

// Core schema: [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?. The digits are kept as they
// are, so that nothing is rounded here.
std::string decimal_json(std::string_view text) {
  std::string_view rest = without_sign(text);
  const size_t dot_or_e = std::min(rest.find_first_of(".eE"), rest.size());
  std::string_view whole = rest.substr(0, dot_or_e);
  rest.remove_prefix(dot_or_e);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = rest.substr(0, std::min(rest.find_first_of("eE"), rest.size()));
    rest.remove_prefix(fraction.size());
  }
  std::string_view exponent;
  if (!rest.empty()) {
    exponent = rest;
    if (!all_digits(without_sign(rest.substr(1)))) return {};
  }
  if (whole.empty() && fraction.empty()) return {};
  if ((!whole.empty() && !all_digits(whole)) || (!fraction.empty() && !all_digits(fraction))) {
    return {};
  }
  std::string out = text.starts_with('-') ? "-" : "";
  out += whole.empty() ? "0" : integer_json(whole);
  if (!fraction.empty()) {
    out += '.';
    out += fraction;
  }
  out += exponent;
  double number = 0;
  const auto [end, error] = std::from_chars(out.data(), out.data() + out.size(), number);
  if (error != std::errc{} || end != out.data() + out.size()) return {};  // past a double: text
  return out;
}

std::string escape_pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

class Converter {
 public:
  Converter(const std::filesystem::path& base, bool mask) : base_(base), mask_(mask) {}

  Options take() { return std::move(out_); }

  void convert(const YamlNode& node, const std::string& pointer, bool secret) {
    out_.places.lines[pointer] = node.key.empty() ? node.place.line : node.key_place.line;
    switch (node.kind) {
      case YamlNode::Kind::kNull:
        out_.json += "null";
        return;
      case YamlNode::Kind::kScalar:
        scalar(node, pointer, secret || node.secret);
        return;
      case YamlNode::Kind::kList:
        list(node, pointer, secret);
        return;
      case YamlNode::Kind::kMap:
        map(node, pointer, secret);
        return;
    }
  }

 private:
  void list(const YamlNode& node, const std::string& pointer, bool secret) {
    out_.json += '[';
    size_t index = 0;
    for (const YamlNode& child : node.children) {
      if (index > 0) out_.json += ',';
      convert(child, pointer + "/" + std::to_string(index++), secret);
    }
    out_.json += ']';
  }

  void map(const YamlNode& node, const std::string& pointer, bool secret) {
    out_.json += '{';
    bool first = true;
    for (const YamlNode& child : node.children) {
      if (!first) out_.json += ',';
      first = false;
      append_json_string(out_.json, child.key);
      out_.json += ':';
      convert(child, pointer + "/" + escape_pointer(child.key),
              secret || is_secret_name(child.key));
    }
    out_.json += '}';
  }

  void scalar(const YamlNode& node, const std::string& pointer, bool secret) {
    const std::string text = resolved(node.text);
    if (node.only_placeholder && !mask_) out_.places.placeholder_texts[pointer] = text;
    if (mask_ && secret) {
      append_json_string(out_.json, kMask);
      return;
    }
    const std::string core = node.quoted ? "" : core_scalar_json(node.text);
    if (!core.empty() && !core.starts_with('"')) {
      out_.json += core;
    } else {
      append_json_string(out_.json, mask_ ? mask_url(text) : text);
    }
  }

  std::string resolved(const std::string& text) const {
    if (!text.starts_with("./") && !text.starts_with("../")) return text;
    return (base_ / text).lexically_normal().string();
  }

  const std::filesystem::path& base_;
  bool mask_;
  Options out_;
};

}  // namespace

std::string core_scalar_json(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return "null";
  }
  if (text == "true" || text == "True" || text == "TRUE") return "true";
  if (text == "false" || text == "False" || text == "FALSE") return "false";
  std::string number;
  if (all_digits(without_sign(text))) {
    number = integer_json(text);
  } else {
    number = radix_json(text);
    if (number.empty()) number = decimal_json(text);
  }
  if (!number.empty()) return number;
  append_json_string(number, text);
  return number;
}

Options convert_options(const YamlNode* node, const std::filesystem::path& base, bool mask) {
  if (node == nullptr || node->kind != YamlNode::Kind::kMap) {
    Options empty;
    empty.json = "{}";
    return empty;
  }
  Converter converter(base, mask);
  converter.convert(*node, "", false);
  return converter.take();
}

bool is_secret_name(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"password", "passwd", "secret", "token", "credential"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return lower == "dsn" || lower.ends_with("_dsn") || lower.ends_with("_key") ||
         lower.ends_with("apikey") || lower.ends_with("-key");
}

std::string mask_url(std::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string(text);
  const size_t start = scheme + 3;
  const std::string_view host = text.substr(start, text.find_first_of("/?#", start) - start);
  const size_t at = host.rfind('@');
  const size_t colon = host.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) {
    return std::string(text);
  }
  return std::string(text.substr(0, start + colon + 1)) + std::string(kMask) +
         std::string(text.substr(start + at));
}

}  // namespace sluice::config
