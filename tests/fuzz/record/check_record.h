// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Parses `text` and checks everything that must hold whatever it is: the tape's shape, decoding,
// pointers, the copy without white space, and agreement with RapidJSON on what is JSON. Answers ""
// or what is wrong.
std::string check_record(std::string_view text);

}  // namespace sluice
