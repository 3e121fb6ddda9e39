// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/router.h"

#include <algorithm>
#include <array>

#include "runtime/base/text.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr size_t kShownBytes = 100;

// What a handler needs of a request beside its path.
struct Query {
  std::string_view text;  // behind the '?', not decoded
  bool operator_role;     // may see values that came with records
  std::string_view path = {};
  std::string_view body = {};
};

Answer live(AdminBackend&, const Query&) {
  return {200, std::string(kJson), "{\"status\":\"alive\"}\n", {}};
}

Answer ready(AdminBackend& backend, const Query&) {
  const AdminBackend::Ready state = backend.ready();
  if (state.ready) return {200, std::string(kJson), "{\"ready\":true}\n", {}};
  Answer answer = problem(503, "not ready: " + state.failing_check, state.failing_check);
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

Answer detailed(AdminBackend& backend, const Query&) {
  return {200, std::string(kJson), backend.health_detailed_json(), {}};
}

Answer metrics(AdminBackend& backend, const Query&) {
  return {200, "text/plain; version=0.0.4; charset=utf-8", backend.metrics_text(), {}};
}

Answer schemas(AdminBackend& backend, const Query&) {
  return {200, std::string(kJson), backend.schemas_json(), {}};
}

Answer transformers(AdminBackend& backend, const Query&) {
  return {200, std::string(kJson), backend.transformers_json(), {}};
}

std::string quoted(std::string_view text) {
  std::string out("'");
  out += shorten(text, kShownBytes);
  out += '\'';
  return out;
}

// For what is asked of one pipeline, or of none by name.
Answer change(AdminBackend& backend, const Query& given,
              AdminBackend::Reply (AdminBackend::*call)(std::string_view)) {
  const std::string_view query = given.text;
  constexpr std::string_view kPipeline = "pipeline=";
  if (!query.empty() && !query.starts_with(kPipeline)) {
    return problem(400, quoted(query) + " is not known here; use ?pipeline=NAME, or nothing");
  }
  const AdminBackend::Reply reply =
      (backend.*call)(query.empty() ? query : query.substr(kPipeline.size()));
  if (reply.status / 100 != 2) return problem(reply.status, reply.detail, {}, reply.members);
  return {reply.status, std::string(kJson), "{" + reply.members + "}\n", {}};
}

Answer reload(AdminBackend& backend, const Query& query) {
  return change(backend, query, &AdminBackend::reload);
}

Answer roll_back(AdminBackend& backend, const Query& query) {
  return change(backend, query, &AdminBackend::roll_back);
}

Answer resume(AdminBackend& backend, const Query& query) {
  return change(backend, query, &AdminBackend::resume);
}

Answer answer_of(const AdminBackend::Reply& reply) {
  if (reply.status / 100 != 2) return problem(reply.status, reply.detail, {}, reply.members);
  return {reply.status, std::string(kJson), "{" + reply.members + "}\n", {}};
}

Answer move_offsets(AdminBackend& backend, const Query& query) {
  return answer_of(backend.move_offsets(query.text));
}

Answer pipelines(AdminBackend& backend, const Query&) {
  return {200, std::string(kJson), backend.pipelines_json(), {}};
}

Answer drain(AdminBackend& backend, const Query& query) {
  return answer_of(backend.order_flow("drain", query.text));
}

Answer pause(AdminBackend& backend, const Query& query) {
  return answer_of(backend.order_flow("paused", query.text));
}

Answer brownout(AdminBackend& backend, const Query& query) {
  return answer_of(backend.order_flow("brownout", query.text));
}

Answer burst(AdminBackend& backend, const Query& query) {
  return answer_of(backend.burst(query.text));
}

Answer drift(AdminBackend& backend, const Query& query) {
  auto body = backend.drift_json(query.text, query.operator_role);
  if (body) return {200, std::string(kJson), std::move(body).value(), {}};
  return problem(body.status().code() == Code::kInvalid ? 400 : 503, body.status().message());
}

constexpr std::string_view kDlq = "/admin/dlq/";

Answer look_at_letters(AdminBackend& backend, const Query& query) {
  return answer_of(backend.dlq(query.path.substr(kDlq.size()), false, query.text, query.body));
}

Answer change_letters(AdminBackend& backend, const Query& query) {
  return answer_of(backend.dlq(query.path.substr(kDlq.size()), true, query.text, query.body));
}

Answer index(AdminBackend&, const Query&);

struct Route {
  std::string_view path;
  std::string_view purpose;
  Answer (*handle)(AdminBackend&, const Query&);
  bool changes = false;  // POST only, and may take long; else GET and HEAD
  bool slow = false;     // may take long all the same
};

constexpr std::array kRoutes = {
    Route{"/", "this page", index},
    Route{"/health/live", "the process answers", live},
    Route{"/health/ready", "200 when every source and required sink is connected, else 503", ready},
    Route{"/health/detailed", "state, adapters and accounting as JSON", detailed},
    Route{"/metrics", "Prometheus metrics", metrics},
    Route{"/admin/schemas", "schemas and scripts that run, with their versions and history",
          schemas},
    Route{"/admin/drift",
          "the drift ledger as JSON; ?pipeline= &source= &severity= (or worse) &since= (30m)",
          drift},
    Route{"/admin/transformers", "scripts that run and ran, with what came of each version",
          transformers},
    Route{"/admin/transformers/rollback", "lets the version before run again (POST)", roll_back,
          true},
    Route{"/admin/dlq/summary",
          "dead letters by reason, source, path, version and hour; ?pipeline= &tenant= &reason= "
          "&source= &stage= &sink= &group= &since= &until=",
          look_at_letters, false, true},
    Route{"/admin/dlq/analyze",
          "alike failures and why; the same filters, &limit=", look_at_letters, false, true},
    Route{"/admin/dlq/sample", "the newest letters; the same filters, &limit= &full=true &who=",
          look_at_letters, false, true},
    Route{"/admin/dlq/show", "one letter; ?id= &full=true &who=", look_at_letters, false, true},
    Route{"/admin/dlq/redrive", "redrives and how far they are; ?id=", look_at_letters},
    Route{"/admin/dlq/redrive",
          "takes letters through the pipeline once more (POST; the body says which)",
          change_letters, true},
    Route{"/admin/dlq/redrive/resume", "goes on with a redrive (POST ?id= &who=)", change_letters,
          true},
    Route{"/admin/dlq/redrive/stop", "ends a redrive (POST ?id= &who=)", change_letters, true},
    Route{"/admin/dlq/purge", "removes letters (POST; the body says which)", change_letters, true},
    Route{"/admin/offsets",
          "lets a source go on at another place (POST ?source= &all= &lane= &settled=)",
          move_offsets, true},
    Route{"/admin/pipelines", "the state of each pipeline, since when, why, and what ends it",
          pipelines},
    Route{"/admin/drain", "reads no more and lets what is in flight go out (POST ?pipeline=)",
          drain, true},
    Route{"/admin/pause", "reads nothing and writes nothing (POST ?pipeline=)", pause, true},
    Route{"/admin/brownout",
          "lets a share of the low-priority records in (POST ?rate=0.1 &pipeline=)", brownout,
          true},
    Route{"/admin/burst", "multiplies the rate limit (POST ?multiplier=2 &pipeline=)", burst, true},
    Route{"/admin/resume",
          "ends drain, pause and brownout, and lets sources go on that a flood of dead letters "
          "paused (POST ?pipeline=)",
          resume, true},
    Route{"/admin/reload", "takes changed schemas and scripts over (POST)", reload, true},
};

Answer index(AdminBackend&, const Query&) {
  std::string body =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sluice</title>"
      "</head>\n<body><h1>Sluice</h1>\n<ul>\n";
  for (const Route& route : kRoutes) {
    const std::string path(route.path);
    body += "<li>";
    if (!route.changes) body.append("<a href=\"").append(path).append("\">");
    body += path;
    if (!route.changes) body += "</a>";
    body.append(": ").append(route.purpose).append("</li>\n");
  }
  body += "</ul></body></html>\n";
  return {200,
          "text/html; charset=utf-8",
          std::move(body),
          {{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}}};
}

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

// "name", "name:port", "[v6]", "[v6]:port" without the port; empty when malformed.
std::string_view without_port(std::string_view host) {
  const size_t end = host.starts_with('[') ? host.find(']') : host.find(':');
  if (end == std::string_view::npos) return host.starts_with('[') ? std::string_view() : host;
  const size_t name_end = host.starts_with('[') ? end + 1 : end;
  std::string_view port = host.substr(name_end);
  if (port.starts_with(':')) port.remove_prefix(1);
  const bool digits =
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? host.substr(0, name_end) : std::string_view();
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Any address of 127.0.0.0/8, as four plain decimal numbers.
bool is_loopback_v4(std::string_view host) {
  int parts = 0;
  bool loopback = true;
  while (parts < 4) {
    const size_t dot = std::min(host.find('.'), host.size());
    const std::string_view part = host.substr(0, dot);
    const bool digits =
        std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (part.empty() || part.size() > 3 || !digits) return false;
    if (parts++ == 0) loopback = part == "127";
    if (dot == host.size()) return loopback && parts == 4;
    host.remove_prefix(dot + 1);
  }
  return false;
}

// Why a caller may not use /admin/*: from another machine, or a page of another site in the
// operator's browser.
std::optional<std::string> refuse_stranger(const Request& request) {
  if (!request.from_here || !request.host || !is_loopback_host(*request.host)) {
    return "only callers on this machine, by localhost or 127.0.0.1, may use /admin/ in this "
           "version; call from there, or send the process SIGHUP for a reload";
  }
  const bool same_origin = !request.origin || (request.origin->starts_with("http://") &&
                                               request.origin->substr(7) == *request.host);
  const bool same_site =
      !request.fetch_site || *request.fetch_site == "same-origin" || *request.fetch_site == "none";
  if (same_origin && same_site) return std::nullopt;
  return "a page of another site may not use /admin/; call it directly";
}

}  // namespace

Answer problem(unsigned status, std::string_view detail, std::string_view check,
               std::string_view members) {
  Answer answer;
  answer.status = status;
  answer.content_type = "application/problem+json";
  std::string& body = answer.body;
  body.append("{\"type\":\"about:blank\",\"title\":");
  append_json_string(body, title_of(status));
  body += ",\"status\":" + std::to_string(status) + ",\"detail\":";
  append_json_string(body, detail);
  if (!check.empty()) {
    body += ",\"check\":";
    append_json_string(body, check);
  }
  if (!members.empty()) body.append(",").append(members);
  body += "}\n";
  return answer;
}

bool is_loopback_host(std::string_view host) {
  const std::string_view name = without_port(host);
  return equal_ignoring_case(name, "localhost") || name == "[::1]" || is_loopback_v4(name);
}

bool takes_long(const Request& request) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  const bool posts = request.method == "POST";
  return std::any_of(kRoutes.begin(), kRoutes.end(), [&](const Route& candidate) {
    return candidate.path == path && (posts ? candidate.changes : candidate.slow);
  });
}

Answer route(const Request& request, AdminBackend& backend, bool any_host) {
  if (request.host && !any_host && !is_loopback_host(*request.host)) {
    return problem(421, "Host " + quoted(*request.host) +
                            " is not a name of this server; use localhost or 127.0.0.1, or set "
                            "runtime.admin.listen to an address beyond loopback");
  }
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  const bool posts = request.method == "POST";
  auto found = std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& candidate) {
    return candidate.path == path && candidate.changes == posts;
  });
  if (found == kRoutes.end()) {
    found = std::find_if(kRoutes.begin(), kRoutes.end(),
                         [&](const Route& candidate) { return candidate.path == path; });
  }
  if (found == kRoutes.end()) {
    return problem(404, "there is no " + quoted(path) + "; GET / lists what is");
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (found->changes ? !posts : !reads) {
    Answer answer =
        problem(405, quoted(request.method) + " is not allowed on " + std::string(found->path) +
                         "; use " + (found->changes ? "POST" : "GET or HEAD"));
    answer.headers.emplace_back("Allow", found->changes ? "POST" : "GET, HEAD");
    return answer;
  }
  if (path.starts_with("/admin/")) {
    if (const auto refused = refuse_stranger(request)) return problem(403, *refused);
  }
  const std::string_view query =
      path.size() < request.target.size() ? request.target.substr(path.size() + 1) : "";
  // Who may call /admin/ calls from this machine, which makes an operator.
  return found->handle(backend, {query, true, path, request.body});
}

}  // namespace sluice::admin
