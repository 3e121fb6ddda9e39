// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/base/status.h"
#include "runtime/config/config.h"

namespace sluice::cli {

// Where the admin API of a running process answers: $SLUICE_ADMIN_URL (http://host:port), else the
// configuration's admin.listen. Empty: nowhere that could be known.
std::string admin_address(const Config& config);

// A value as the query of a target can hold it.
std::string query_value(const std::string& value);

// The body of GET `target` there. kUnavailable: nobody answers within a second; kInvalid: another
// answer than 200, with what it says.
Result<std::string> admin_get(const std::string& address, const std::string& target);

struct AdminAnswer {
  unsigned status = 0;
  std::string body;
};
// GET of any answer, which may take as long as reading a million letters does.
Result<AdminAnswer> admin_ask(const std::string& address, const std::string& target);
// POST, which may take as long as compiling and testing do. kUnavailable: nobody
// answers.
Result<AdminAnswer> admin_post(const std::string& address, const std::string& target,
                               const std::string& body = "");

}  // namespace sluice::cli
