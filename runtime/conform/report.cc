// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice::conform {

namespace {

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kSkip:
      return "skip";
  }
  return "?";
}

std::string_view colour_of(const CheckResult& result) {
  switch (result.verdict) {
    case Verdict::kPass:
      return "\x1b[32m";
    case Verdict::kFail:
      return result.check.must ? "\x1b[31m" : "\x1b[33m";
    case Verdict::kSkip:
      return "\x1b[2m";
  }
  return "";
}

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, utf8_valid_prefix(text))) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no way to write other control characters.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

bool is_failure(const CheckResult& result) {
  return result.verdict == Verdict::kFail && result.check.must;
}

}  // namespace

std::string to_text(const Report& report, bool colour) {
  std::string out = report.file + "\n";
  std::string component;
  for (const auto& result : report.results) {
    if (result.component != component) {
      component = result.component;
      out += fmt::format("{}\n", component);
    }
    const std::string_view on = colour ? colour_of(result) : "";
    const std::string_view off = colour ? "\x1b[0m" : "";
    const bool warning = result.verdict == Verdict::kFail && !result.check.must;
    out += fmt::format("  {}{}{}  {:<3} {}\n", on, warning ? "warn" : word(result.verdict), off,
                       result.check.id, result.check.description);
    if (!result.reason.empty()) out += fmt::format("            {}\n", result.reason);
  }
  out += fmt::format(
      "{}: {} passed, {} failed, {} skipped\n", report.conforms() ? "conforms" : "does not conform",
      report.count(Verdict::kPass), report.count(Verdict::kFail), report.count(Verdict::kSkip));
  return out;
}

std::string to_junit(const Report& report) {
  const auto failures = std::count_if(report.results.begin(), report.results.end(), is_failure);
  const auto skips = std::count_if(report.results.begin(), report.results.end(), [](const auto& r) {
    return r.verdict != Verdict::kPass && !is_failure(r);
  });
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
                     xml(report.file), report.results.size(), failures, skips);
  for (const auto& result : report.results) {
    out += fmt::format("  <testcase classname=\"{}\" name=\"{} {}\" time=\"{:.3f}\"",
                       xml(result.component.empty() ? "file" : result.component), result.check.id,
                       xml(result.check.description),
                       static_cast<double>(result.took.count()) / 1000.0);
    if (result.verdict == Verdict::kPass) {
      out += "/>\n";
    } else {
      out += fmt::format("><{0} message=\"{1}\"/></testcase>\n",
                         is_failure(result) ? "failure" : "skipped", xml(result.reason));
    }
  }
  return out + "</testsuite>\n";
}

std::string to_json(const Report& report) {
  std::string out = fmt::format(
      "{{\"file\":{},\"conforms\":{},\"passed\":{},\"failed\":{},\"skipped\":{},\"checks\":[",
      json(report.file), report.conforms(), report.count(Verdict::kPass),
      report.count(Verdict::kFail), report.count(Verdict::kSkip));
  bool first = true;
  for (const auto& result : report.results) {
    out += fmt::format(
        "{}{{\"id\":{},\"component\":{},\"description\":{},\"level\":\"{}\",\"result\":\"{}\","
        "\"reason\":{},\"ms\":{}}}",
        first ? "" : ",", json(result.check.id), json(result.component),
        json(result.check.description), result.check.must ? "must" : "should", word(result.verdict),
        json(result.reason), result.took.count());
    first = false;
  }
  return out + "]}\n";
}

}  // namespace sluice::conform
