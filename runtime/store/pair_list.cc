// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/pair_list.h"

#include <cstdint>

namespace sluice::store {
namespace {

void append(std::string& out, std::string_view text) {
  auto size = static_cast<uint32_t>(text.size());
  for (int i = 0; i < 4; ++i) {
    out += static_cast<char>(size & 0xff);
    size >>= 8;
  }
  out += text;
}

std::optional<std::string> take(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  uint32_t size = 0;
  for (size_t i = 4; i-- > 0;) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(4);
  if (bytes.size() < size) return std::nullopt;
  std::string text(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return text;
}

}  // namespace

std::string encode_pairs(const PairList& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    append(out, name);
    append(out, value);
  }
  return out;
}

std::optional<PairList> decode_pairs(std::string_view bytes) {
  PairList pairs;
  while (!bytes.empty()) {
    auto name = take(bytes);
    auto value = name ? take(bytes) : std::nullopt;
    if (!value) return std::nullopt;
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

}  // namespace sluice::store
