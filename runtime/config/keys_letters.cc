// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "runtime/config/keys.h"

namespace sluice::config {
namespace {

using enum KeyType;

constexpr double kLettersMinute = 60e3;
constexpr double kLettersYear = 366 * 86'400e3;
constexpr double kLettersGiB = 1024.0 * 1024 * 1024;
constexpr std::array<std::string_view, 2> kWhenFull = {"hold", "drop_oldest"};

constexpr std::array kDeadLetters = {
    Key{.name = "keep",
        .type = kDuration,
        .preset = "30d",
        .text = "How long dead letters are kept.",
        .least = kLettersMinute,
        .most = 100 * kLettersYear},
    Key{.name = "show",
        .type = kPointers,
        .text = "JSON Pointers of fields shown in lists of dead letters.",
        .most = 100},
    Key{.name = "max_bytes",
        .type = kSize,
        .preset = "4GiB",
        .text = "Bytes of dead letters kept at most.",
        .least = 1 << 20,
        .most = 1024 * kLettersGiB},
    Key{.name = "when_full",
        .type = kChoice,
        .preset = "hold",
        .text = "What happens at that limit: nothing is settled any more until there is room "
                "(`hold`), or the oldest letters go, and are counted (`drop_oldest`).",
        .choices = kWhenFull},
};

}  // namespace

Keys dead_letter_keys() { return kDeadLetters; }

}  // namespace sluice::config
