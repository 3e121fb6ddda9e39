// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// What has to hold whatever schema and record are: no crash, an explanation exactly when the record
// does not fit, and valijson's verdict where it can give one. Empty, or what is wrong.
std::string check_schema(std::string_view schema, std::string_view record);

}  // namespace sluice
