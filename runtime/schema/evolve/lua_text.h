// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::schema {

// A string as a Lua literal, with quotes.
std::string lua_string(std::string_view text);
// `object.name`, or `object["na me"]` where the name is no identifier.
std::string lua_member(std::string_view object, std::string_view name);
// A key of a table constructor: `name` or `["na me"]`.
std::string lua_key(std::string_view name);
// JSON as a Lua expression; nothing for what Lua cannot hold exactly (integers past 64 bits,
// numbers past a double) or what is too large to be read.
std::optional<std::string> lua_value(std::string_view json);
// Text on one line, safe inside a comment.
std::string lua_comment(std::string_view text);

}  // namespace sluice::schema
