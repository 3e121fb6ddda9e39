// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Runs a script (which need not parse) under small caps on records (which must be JSON), and checks
// what must hold whatever it does: results are JSON within their limits, the document is as before,
// and a fresh state answers the same. Answers "" or what is wrong.
std::string check_script(const std::string& text, std::string_view record);

}  // namespace sluice
