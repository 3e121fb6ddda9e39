// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/uri.h"

#include <algorithm>
#include <charconv>

namespace sluice::schema {
namespace {

// With their marks: "http:", "//host", "/path", "?query". Views into one text.
struct Parts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
};

Parts take_apart(std::string_view uri) {
  Parts parts;
  const size_t colon = uri.find(':');
  if (colon != std::string_view::npos && colon > 0 && colon < uri.find_first_of("/?#")) {
    parts.scheme = uri.substr(0, colon + 1);
    uri.remove_prefix(colon + 1);
  }
  if (uri.starts_with("//")) {
    parts.authority = uri.substr(0, std::min(uri.find_first_of("/?", 2), uri.size()));
    uri.remove_prefix(parts.authority.size());
  }
  parts.path = uri.substr(0, uri.find('?'));
  parts.query = uri.substr(parts.path.size());
  return parts;
}

std::string without_dots(std::string_view path) {
  std::string out;
  const bool rooted = path.starts_with('/');
  while (!path.empty()) {
    const size_t from = path.front() == '/' ? 1 : 0;
    const size_t end = std::min(path.find('/', from), path.size());
    const std::string_view segment = path.substr(from, end - from);
    const bool last = end == path.size();
    if (segment == "." || segment == "..") {
      if (segment == "..") out.erase(std::min(out.rfind('/'), out.size()));
      if (last) out += '/';
    } else {
      out += path.substr(0, end);
    }
    path.remove_prefix(end);
  }
  if (!rooted && out.starts_with('/')) out.erase(0, 1);
  return out;
}

bool stands_for_itself(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~/!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  if (reference.empty()) return std::string(base);
  const Parts to = take_apart(reference);
  if (!to.scheme.empty() || base.empty()) return std::string(reference);
  const Parts from = take_apart(base);
  std::string out(from.scheme);
  if (!to.authority.empty()) return out.append(reference);
  out += from.authority;
  if (to.path.empty()) return out.append(from.path).append(to.query);
  if (to.path.starts_with('/')) return out.append(without_dots(to.path)).append(to.query);
  const size_t slash = from.path.rfind('/');
  std::string path(from.path.substr(0, slash == std::string_view::npos ? 0 : slash + 1));
  if (path.empty() && !from.authority.empty()) path = "/";
  return out.append(without_dots(path.append(to.path))).append(to.query);
}

std::string_view split_fragment(std::string_view uri, std::string_view* fragment) {
  const size_t hash = uri.find('#');
  *fragment = hash == std::string_view::npos ? std::string_view() : uri.substr(hash + 1);
  return uri.substr(0, hash);
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const char* const last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value, 16);
    if (digits.size() != 2 || error != std::errc{} || end != last) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::string file_uri(const std::filesystem::path& path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = "file://";
  for (const char c : path.string()) {
    if (stands_for_itself(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
  }
  return out;
}

std::optional<std::filesystem::path> path_of_file_uri(std::string_view uri) {
  constexpr std::string_view kPrefix = "file:///";
  if (!uri.starts_with(kPrefix)) return std::nullopt;
  const auto path = percent_decode(uri.substr(kPrefix.size() - 1));
  // A NUL would end the name early for the system, and mean another file than the one checked.
  if (!path || path->find('\0') != std::string::npos) return std::nullopt;
  return std::filesystem::path(*path);
}

}  // namespace sluice::schema
