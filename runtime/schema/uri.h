// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

// URIs as schemas use them for names (RFC 3986). Texts are taken apart, never checked.
namespace sluice::schema {

// `reference` as seen from `base`, both without fragments. A base that is empty leaves it as it is.
std::string resolve_uri(std::string_view base, std::string_view reference);

// What stands before the '#'; *fragment gets what follows it, empty if there is none.
std::string_view split_fragment(std::string_view uri, std::string_view* fragment);

// %41 becomes A; nothing when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

// "file:///a/b%20c.json" of an absolute path, and back (nothing for other URIs).
std::string file_uri(const std::filesystem::path& path);
std::optional<std::filesystem::path> path_of_file_uri(std::string_view uri);

}  // namespace sluice::schema
