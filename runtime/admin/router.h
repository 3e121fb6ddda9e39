// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/admin/backend.h"

namespace sluice::admin {

// What the routes need of a request; views into it. Every byte comes from the network.
struct Request {
  std::string_view method;
  std::string_view target;
  std::optional<std::string_view> host;  // the header; none: absent
  // For what changes something.
  std::optional<std::string_view> origin = {};
  std::optional<std::string_view> fetch_site = {};  // Sec-Fetch-Site
  bool from_here = true;                            // the other end is this machine's loopback
  std::string_view body = {};
};

struct Answer {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// An RFC 9457 problem: {type, title, status, detail} and, when given, the failing check, and
// further members (JSON without braces).
Answer problem(unsigned status, std::string_view detail, std::string_view check = {},
               std::string_view members = {});

// Paths are compared byte by byte, never decoded or normalised: another spelling is another path.
// /admin/* answers callers on this machine only: there are no tokens yet. any_host: the server
// listens beyond loopback, where names are the operator's business.
Answer route(const Request& request, AdminBackend& backend, bool any_host);

// Whether the answer may take as long as compiling does: route() is then not for the thread that
// answers health checks.
bool takes_long(const Request& request);

// Whether a Host header names this machine's loopback, whatever the port.
bool is_loopback_host(std::string_view host);

}  // namespace sluice::admin
