// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Every violation in an entry and its components, judged as data; none of the plugin's functions
// runs. Empty: the plugin may be registered. Each text says where, what was found and what was
// expected. The pointers are not trusted.
std::vector<std::string> check_descriptors(const sluice_plugin_entry* entry);

// Whether `code` is one of the runtime's reason codes, which a plugin's reasons map to.
bool is_runtime_reason(std::string_view code);

}  // namespace sluice
