// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/file/fingerprint.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::file {

std::uint64_t content_hash(std::string_view text) {
  // FNV-1a over the bytes, then a strong mix, so that near texts do not get near values.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

bool read_at(int fd, std::uint64_t offset, std::size_t size, std::string* out) {
  out->resize(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n =
        ::pread(fd, out->data() + have, size - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out->resize(have);
  return true;
}

bool hash_range(int fd, std::uint64_t from, std::uint64_t to, std::uint64_t* out) {
  std::string bytes;
  if (!read_at(fd, from, static_cast<std::size_t>(to - from), &bytes)) return false;
  if (bytes.size() != to - from) return false;
  *out = content_hash(bytes);
  return true;
}

bool hash_tail(int fd, std::uint64_t end, std::uint64_t* out) {
  return hash_range(fd, end - std::min<std::uint64_t>(end, Fingerprint::kSpan), end, out);
}

bool matches(const Fingerprint& print, int fd, std::uint64_t size) {
  if (size < print.head_size || size < print.tail_end) return false;
  std::uint64_t hash = 0;
  if (!hash_range(fd, 0, print.head_size, &hash) || hash != print.head_hash) return false;
  if (print.tail_end == 0) return true;
  return hash_tail(fd, print.tail_end, &hash) && hash == print.tail_hash;
}

}  // namespace sluice::file
