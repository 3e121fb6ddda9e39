// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/file/catalog.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <sluice/error.hpp>
#include <utility>
#include <vector>

namespace sluice::file {
namespace {

constexpr std::string_view kMagic = "sluice-file-cursor 1 ";
constexpr std::size_t kLongestPath = 3900;  // of the 4096 bytes a lane's name may have

void put_hex(std::uint64_t value, std::string* out) {
  std::array<char, 16> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  out->append(static_cast<std::size_t>(digits.data() + digits.size() - end), '0');
  out->append(digits.data(), end);
}

void put_escaped(unsigned char c, std::string* out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out->push_back('%');
  out->push_back(kDigits[c >> 4]);
  out->push_back(kDigits[c & 15]);
}

std::string base_name(const std::string& path, const Fingerprint& print) {
  std::string name = escape_path(path);
  if (name.size() > kLongestPath) {
    const std::uint64_t whole = content_hash(path);
    // Cut from the left, at a character's start; the hash keeps such names apart.
    std::size_t cut = name.size() - kLongestPath;
    while (cut < name.size() && (static_cast<unsigned char>(name[cut]) & 0xC0) == 0x80) ++cut;
    name.erase(0, cut);
    name.insert(0, "...");
    put_hex(whole, &name);
  }
  name += '#';
  put_hex(print.head_hash, &name);
  return name;
}

// The path a lane's name begins with, escaped.
std::string_view path_in_lane(std::string_view lane) {
  const std::size_t at = lane.rfind('#');
  return at == std::string_view::npos ? std::string_view() : lane.substr(0, at);
}

void put_line(const KnownFile& file, std::string* out) {
  *out += file.gone ? "gone" : "live";
  for (const std::uint64_t value :
       {file.id.device, file.id.inode, file.print.head_size, file.print.head_hash,
        file.print.tail_end, file.print.tail_hash}) {
    *out += '\t';
    *out += std::to_string(value);
  }
  *out += '\t';
  *out += file.lane;
  *out += '\t';
  const std::string path = escape_path(file.path);
  if (path != path_in_lane(file.lane)) *out += path;  // else it need not be said twice
  *out += '\n';
}

bool take_number(std::string_view text, std::uint64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string_view take_until(char stop, std::string_view* text) {
  const std::size_t at = text->find(stop);
  const std::string_view head = text->substr(0, at);
  text->remove_prefix(at == std::string_view::npos ? text->size() : at + 1);
  return head;
}

bool parse_line(std::string_view line, KnownFile* file) {
  const std::string_view state = take_until('\t', &line);
  if (state != "live" && state != "gone") return false;
  file->gone = state == "gone";
  for (std::uint64_t* value :
       {&file->id.device, &file->id.inode, &file->print.head_size, &file->print.head_hash,
        &file->print.tail_end, &file->print.tail_hash}) {
    if (!take_number(take_until('\t', &line), value)) return false;
  }
  if (file->print.head_size > Fingerprint::kSpan) return false;
  file->lane = take_until('\t', &line);
  file->path = unescape_path(line.empty() ? path_in_lane(file->lane) : line);
  return !file->lane.empty() && !file->path.empty();
}

}  // namespace

std::string escape_path(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    const auto first = static_cast<unsigned char>(path[0]);
    const std::size_t length = sluice::detail::utf8_length(path);
    if (length == 0 || first < 0x20 || first == 0x7f || first == '%') {
      put_escaped(first, &out);
      path.remove_prefix(1);
    } else {
      out += path.substr(0, length);
      path.remove_prefix(length);
    }
  }
  return out;
}

std::string unescape_path(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
            text.data() + i + 3) {
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool Catalog::load(std::string_view blob) {
  std::string_view rest = blob;
  std::string_view first = take_until('\n', &rest);
  if (!first.starts_with(kMagic)) return false;
  first.remove_prefix(kMagic.size());
  std::uint64_t retired = 0;
  if (!take_number(first, &retired)) return false;
  std::list<KnownFile> files;
  while (!rest.empty()) {
    if (!parse_line(take_until('\n', &rest), &files.emplace_back())) return false;
  }
  files_ = std::move(files);
  retired_ = retired;
  for (KnownFile& file : files_) index(file);
  return true;
}

std::string Catalog::store(std::size_t max_bytes, bool* all) const {
  std::string out(kMagic);
  out += std::to_string(retired_);
  out += '\n';
  // First the files whose name could not be worked out again from the file itself.
  std::string derivable;
  for (const KnownFile& file : files_) {
    const bool again = !file.gone && file.print.head_size == Fingerprint::kSpan &&
                       file.lane == base_name(file.path, file.print);
    put_line(file, again ? &derivable : &out);
  }
  out += derivable;
  *all = out.size() <= max_bytes;
  if (!*all) out.resize(out.rfind('\n', max_bytes - 1) + 1);
  return out;
}

KnownFile& Catalog::add(const std::string& path, FileId id, const Fingerprint& print) {
  const std::string base = base_name(path, print);
  std::string name = retired_ == 0 ? base : base + "." + std::to_string(retired_);
  while (lanes_.contains(name)) name = base + "." + std::to_string(++retired_);
  KnownFile& file = files_.emplace_back();
  file.lane = std::move(name);
  file.path = path;
  file.id = id;
  file.print = print;
  index(file);
  return file;
}

std::vector<KnownFile*> Catalog::candidates(const std::string& path, FileId id) {
  std::vector<KnownFile*> found;
  const auto [first, last] = by_inode_.equal_range(id.inode);
  for (auto it = first; it != last; ++it) {
    if (it->second->id == id) found.push_back(it->second);
  }
  const auto [from, to] = by_path_.equal_range(path);
  for (auto it = from; it != to; ++it) {
    if (!(it->second->id == id)) found.push_back(it->second);
  }
  return found;
}

void Catalog::move(KnownFile& file, const std::string& path, FileId id) {
  unindex(file);
  file.path = path;
  file.id = id;
  index(file);
}

void Catalog::retire(KnownFile& file) {
  if (!file.gone) ++retired_;
  file.gone = true;
}

void Catalog::forget(KnownFile& file) {
  unindex(file);
  files_.remove_if([&](const KnownFile& known) { return &known == &file; });
}

void Catalog::index(KnownFile& file) {
  lanes_.insert(file.lane);
  by_inode_.emplace(file.id.inode, &file);
  by_path_.emplace(file.path, &file);
}

void Catalog::unindex(KnownFile& file) {
  lanes_.erase(file.lane);
  const auto is_it = [&](const auto& entry) { return entry.second == &file; };
  std::erase_if(by_inode_, is_it);
  std::erase_if(by_path_, is_it);
}

}  // namespace sluice::file
