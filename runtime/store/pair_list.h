// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::store {

using PairList = std::vector<std::pair<std::string, std::string>>;

// Names and values of any bytes in one column: for each pair the length of the name (32 bit, little
// endian), the name, the length of the value, the value. Order and repeated names are kept.
std::string encode_pairs(const PairList& pairs);
// Nothing when `bytes` is not such a list.
std::optional<PairList> decode_pairs(std::string_view bytes);

}  // namespace sluice::store
