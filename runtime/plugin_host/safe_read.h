// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sluice {

// Reads memory of this process that may not be there: a descriptor's pointer is only as good as the
// plugin that wrote it. False instead of a crash.
bool copy_if_readable(const void* from, void* to, size_t size);

// The text at `from` if it ends within max_bytes and can be read.
std::optional<std::string> text_if_readable(const char* from, size_t max_bytes);

}  // namespace sluice
