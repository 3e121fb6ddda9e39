// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace sluice::script {

using Uuid = std::array<unsigned char, 16>;

// Reads the forms in use: with dashes in their places or without any, in any case, in braces, or
// after "urn:uuid:". Nothing if it is none of them.
std::optional<Uuid> parse_uuid(std::string_view text);
// Lower case with dashes, 36 characters.
std::array<char, 36> format_uuid(const Uuid& uuid);
// Sets the version and the variant of RFC 9562.
void stamp_uuid(Uuid& uuid, int version);

}  // namespace sluice::script
