// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/record/document.h"

namespace sluice::schema {

// "string \"12\"", "number 1.5", "an array of 3 items": a value as a message shows it, shortened.
std::string describe_value(const Document& document, NodeIndex node);
// "integer or null" from TypeBits.
std::string describe_types(uint8_t types);
// The text in quotes, shortened.
std::string in_quotes(std::string_view text);
// A pointer as a place in a sentence: "the root" or "/a/b".
std::string describe_place(const std::string& pointer);

}  // namespace sluice::schema
