// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// True when the stream is a terminal that may be coloured (not with NO_COLOR).
bool is_terminal(int fd);
bool may_colour(int fd);

// "1,234,567".
std::string with_thousands(uint64_t number);

// With control characters written as \xNN.
std::string on_one_line(std::string_view text);

// Rows with columns that align; the first row is the head. Columns whose cells are all numbers are
// right-aligned.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

// Writes all of `text` to a descriptor; a reader that has gone is no error.
void write_text(int fd, std::string_view text);

}  // namespace sluice::cli
