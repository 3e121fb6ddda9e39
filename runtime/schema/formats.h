// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sluice::schema {

// Linear, allocation-free checks of the `format` keyword; the text is decoded UTF-8.
using FormatCheck = bool (*)(std::string_view text);

// The check of a format name, or nullptr for one we do not know: a dialect then says nothing about
// the value. Known are all of draft-07 and 2020-12: date-time, date, time, duration, email,
// idn-email, hostname, idn-hostname, ipv4, ipv6, uri, uri-reference, iri, iri-reference,
// uri-template, uuid, json-pointer, relative-json-pointer, regex.
FormatCheck find_format(std::string_view name);

}  // namespace sluice::schema
