// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/value_hash.h"

#include <cstring>
#include <random>

#include "runtime/schema/number.h"

namespace sluice::schema {
namespace {

__extension__ using Wide = unsigned __int128;

// Secret per process, so that nobody prepares records whose values collide.
struct Seeds {
  uint64_t high;
  uint64_t low;
};
const Seeds& seeds() {
  static const Seeds instance = [] {
    std::random_device random;
    const auto word = [&random] {
      return (static_cast<uint64_t>(random()) << 32U) | random() | 1U;
    };
    return Seeds{word(), word()};
  }();
  return instance;
}

uint64_t fold(uint64_t a, uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

uint64_t mix(uint64_t state, uint64_t word, uint64_t seed) {
  return fold(state ^ word ^ 0x9E3779B97F4A7C15U, seed ^ (word << 32U | word >> 32U)) + word;
}

void add(ValueHash& hash, uint64_t word) {
  hash.high = mix(hash.high, word, seeds().high);
  hash.low = mix(hash.low + 0xD6E8FEB86659FD93U, word, seeds().low);
}

void add_bytes(ValueHash& hash, std::string_view bytes) {
  add(hash, bytes.size());
  while (!bytes.empty()) {
    uint64_t word = 0;
    const size_t count = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(&word, bytes.data(), count);
    add(hash, word);
    bytes.remove_prefix(count);
  }
}

ValueHash start(char tag) {
  ValueHash hash{seeds().low, seeds().high};
  add(hash, static_cast<uint64_t>(tag));
  return hash;
}

ValueHash hash_number(std::string_view text) {
  const Decimal value = parse_decimal(text);
  ValueHash hash = start('n');
  if (value.zero()) return hash;
  add(hash, value.negative ? 1 : 2);
  add(hash, static_cast<uint64_t>(value.exponent));
  add(hash, value.digits());
  uint64_t word = 0;
  for (size_t i = 0; i < value.digits(); ++i) {
    word = word << 4U | static_cast<uint64_t>(value.digit(i) - '0');
    if (i % 16 == 15) {
      add(hash, word);
      word = 0;
    }
  }
  add(hash, word);
  return hash;
}

}  // namespace

ValueHash hash_text(std::string_view text) {
  ValueHash hash = start('s');
  add_bytes(hash, text);
  return hash;
}

ValueHash hash_value(const Document& document, NodeIndex node, Arena& arena) {
  switch (document.kind(node)) {
    case JsonKind::kNull:
      return start('0');
    case JsonKind::kFalse:
      return start('f');
    case JsonKind::kTrue:
      return start('t');
    case JsonKind::kNumber:
      return hash_number(document.slice(node));
    case JsonKind::kString:
      return hash_text(document.string(node, arena));
    case JsonKind::kArray: {
      ValueHash hash = start('a');
      NodeIndex child = document.first_child(node);
      for (uint32_t i = document.count(node); i > 0; --i, child = document.next(child)) {
        const ValueHash value = hash_value(document, child, arena);
        add(hash, value.high);
        add(hash, value.low);
      }
      return hash;
    }
    case JsonKind::kObject: {
      // A sum, so that the order of members does not matter.
      ValueHash sum;
      NodeIndex name = document.first_child(node);
      for (uint32_t i = document.count(node); i > 0; --i) {
        ValueHash member = hash_text(document.string(name, arena));
        const NodeIndex child = document.next(name);
        const ValueHash value = hash_value(document, child, arena);
        add(member, value.high);
        add(member, value.low);
        sum.high += member.high;
        sum.low += member.low;
        name = document.next(child);
      }
      ValueHash hash = start('o');
      add(hash, document.count(node));
      add(hash, sum.high);
      add(hash, sum.low);
      return hash;
    }
  }
  return {};
}

}  // namespace sluice::schema
