// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "runtime/config/keys.h"

namespace sluice::config {
namespace {

using enum KeyType;

constexpr double kHour = 3600e3;
constexpr std::array<std::string_view, 2> kOnOff = {"on", "off"};

constexpr std::array kDlqBurst = {
    Key{.name = "guard",
        .type = kChoice,
        .preset = "on",
        .text = "`off`: a source is read on whatever becomes of its records.",
        .choices = kOnOff},
    Key{.name = "share",
        .type = kShare,
        .preset = "20%",
        .text = "Share of a source's last `window` records that may become dead letters of one "
                "reason; more pause it. OLDER_REVISION does not count."},
    Key{.name = "least",
        .type = kInteger,
        .preset = "100",
        .text = "Fewer dead letters of the reason pause nothing.",
        .least = 1,
        .most = 1e6},
    Key{.name = "window",
        .type = kInteger,
        .preset = "1000",
        .text = "How many records of a source are looked back at.",
        .least = 1,
        .most = 1e6},
    Key{.name = "cool_down",
        .type = kDuration,
        .preset = "60s",
        .text = "How long it is paused before 100 of its records are tried; `POST /admin/resume` "
                "ends the pause at once.",
        .least = 1,
        .most = 24 * kHour},
};

}  // namespace

Keys dlq_burst_keys() { return kDlqBurst; }

}  // namespace sluice::config
