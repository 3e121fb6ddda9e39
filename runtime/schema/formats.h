// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sluice::schema {

// Linear, allocation-free checks of the `format` keyword; the text is decoded UTF-8.
using FormatCheck = bool (*)(std::string_view text);

// The check of a format name, or nullptr for one we do not know: draft-07 then says nothing about
// the value. Known: date-time, date, time, email, uuid, uri, uri-reference, ipv4, ipv6, hostname,
// json-pointer, regex.
FormatCheck find_format(std::string_view name);

}  // namespace sluice::schema
