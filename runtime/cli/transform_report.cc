// SPDX-License-Identifier: Apache-2.0
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "runtime/base/text.h"
#include "runtime/cli/terminal.h"
#include "runtime/cli/transform_command.h"

namespace sluice::cli {
namespace {

using workshop::FileCoverage;
using workshop::TestCase;
using workshop::TestReport;

constexpr char kRed[] = "\x1b[31m";
constexpr char kGreen[] = "\x1b[32m";
constexpr char kYellow[] = "\x1b[33m";
constexpr char kDim[] = "\x1b[2m";
constexpr char kPlain[] = "\x1b[0m";

struct Paint {
  bool on;
  [[nodiscard]] std::string operator()(const char* colour, const std::string& text) const {
    return on ? colour + text + kPlain : text;
  }
};

std::string full_name(const TestCase& test) {
  return test.group.empty() ? test.name : test.group + " > " + test.name;
}

std::string milliseconds(double seconds) {
  std::array<char, 32> buffer{};
  constexpr double kToMs = 1000;
  const int size = std::snprintf(buffer.data(), buffer.size(), "%.1f ms", seconds * kToMs);
  return {buffer.data(), static_cast<size_t>(size)};
}

std::string one_line(const std::string& text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

// A message of several lines, moved to the right; what was expected and what was found coloured.
std::string indent(const std::string& message, const Paint& paint) {
  std::string out;
  for (size_t at = 0; at <= message.size();) {
    const size_t end = std::min(message.find('\n', at), message.size());
    const std::string raw = message.substr(at, end - at);
    const std::string line = "        " + one_line(raw);
    const size_t first = raw.find_first_not_of(' ');
    const std::string_view mark =
        first == std::string::npos ? std::string_view() : std::string_view(raw).substr(first, 2);
    out += (mark == "- " ? paint(kGreen, line) : mark == "+ " ? paint(kRed, line) : line) + "\n";
    at = end + 1;
  }
  return out;
}

// 1, 3-5, 9
std::string ranges(const std::vector<int>& lines, const std::vector<int>& all) {
  std::string out;
  for (size_t i = 0; i < lines.size();) {
    size_t end = i;
    // A range goes on over lines that cannot run.
    while (end + 1 < lines.size() &&
           *std::upper_bound(all.begin(), all.end(), lines[end]) == lines[end + 1]) {
      ++end;
    }
    if (!out.empty()) out += ", ";
    out += std::to_string(lines[i]);
    if (end > i) out += "-" + std::to_string(lines[end]);
    i = end + 1;
  }
  return out;
}

int percent(const FileCoverage& file) {
  constexpr size_t kAll = 100;
  return file.lines.empty() ? static_cast<int>(kAll)
                            : static_cast<int>((file.lines.size() - file.missed.size()) * kAll /
                                               file.lines.size());
}

std::string coverage_text(const TestReport& report) {
  std::string out;
  for (const FileCoverage& file : report.coverage) {
    out += "  coverage of " + file.name + ": " + std::to_string(percent(file)) + " % (" +
           std::to_string(file.lines.size() - file.missed.size()) + " of " +
           std::to_string(file.lines.size()) + " lines)";
    if (!file.missed.empty()) out += ", not run: " + ranges(file.missed, file.lines);
    out += "\n";
  }
  return out;
}

std::string report_text(const TestReport& report, const Paint& paint) {
  if (!report.error.empty()) {
    const auto& file = report.file.empty() ? report.script : report.file;
    return file.string() + "\n  " + paint(kRed, "ERROR") + " does not load\n" +
           indent(report.error, paint);
  }
  if (report.file.empty()) {
    return paint(kYellow, "warning") + ": " + report.script.string() + " has no tests; write " +
           workshop::test_file_of(report.script).string() + "\n";
  }
  std::string out = report.file.string() + "\n";
  for (const TestCase& test : report.cases) {
    const std::string name = one_line(full_name(test));
    switch (test.outcome) {
      case TestCase::Outcome::kPassed:
        out += "  " + paint(kGreen, "ok  ") + "  " + name +
               paint(kDim, "  (" + milliseconds(test.seconds) + ")") + "\n";
        break;
      case TestCase::Outcome::kSkipped:
        out += "  " + paint(kYellow, "skip") + "  " + name + "\n";
        break;
      case TestCase::Outcome::kFailed:
        out += "  " + paint(kRed, "FAIL") + "  " + name +
               paint(kDim, "  (" + milliseconds(test.seconds) + ")") + "\n" +
               indent(test.message, paint);
        break;
    }
  }
  return out + coverage_text(report);
}

std::string counted(uint64_t count, const char* what, const char* many) {
  return with_thousands(count) + " " + (count == 1 ? what : many);
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void member(Writer& writer, const char* name, const std::string& text) {
  writer.Key(name);
  // Messages may quote bytes of a record; what is no UTF-8 must not leave here.
  std::string quoted;
  append_json_string(quoted, text);
  writer.RawValue(quoted.data(), quoted.size(), rapidjson::kStringType);
}

void number(Writer& writer, const char* name, uint64_t value) {
  writer.Key(name);
  writer.Uint64(value);
}

void write_coverage(Writer& writer, const TestReport& report) {
  writer.Key("coverage");
  writer.StartArray();
  for (const FileCoverage& file : report.coverage) {
    writer.StartObject();
    member(writer, "file", file.name);
    number(writer, "lines", file.lines.size());
    number(writer, "run", file.lines.size() - file.missed.size());
    writer.Key("missed");
    writer.StartArray();
    for (const int line : file.missed) writer.Int(line);
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
}

const char* outcome_name(TestCase::Outcome outcome) {
  switch (outcome) {
    case TestCase::Outcome::kPassed:
      return "passed";
    case TestCase::Outcome::kFailed:
      return "failed";
    case TestCase::Outcome::kSkipped:
      return "skipped";
  }
  return "";
}

void write_report(Writer& writer, const TestReport& report) {
  writer.StartObject();
  member(writer, "script", report.script.string());
  if (report.file.empty()) {
    writer.Key("file");
    writer.Null();
  } else {
    member(writer, "file", report.file.string());
  }
  writer.Key("ok");
  writer.Bool(report.ok());
  if (!report.error.empty()) member(writer, "error", report.error);
  if (report.file.empty() && report.error.empty()) member(writer, "warning", "no tests");
  writer.Key("tests");
  writer.StartArray();
  for (const TestCase& test : report.cases) {
    writer.StartObject();
    member(writer, "group", test.group);
    member(writer, "name", test.name);
    member(writer, "outcome", outcome_name(test.outcome));
    writer.Key("seconds");
    writer.Double(test.seconds);
    if (!test.message.empty()) member(writer, "message", test.message);
    writer.EndObject();
  }
  writer.EndArray();
  if (!report.coverage.empty()) write_coverage(writer, report);
  writer.EndObject();
}

// Text for XML 1.0: control characters have no place in it, however written.
std::string xml(const std::string& text) {
  std::string clean;
  append_escaped(clean, text);
  std::string out;
  for (const char c : clean) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string xml_lines(const std::string& text) {
  std::string out;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (at > 0) out += '\n';
    out += xml(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string seconds_text(double seconds) {
  std::array<char, 32> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), "%.6f", seconds);
  return {buffer.data(), static_cast<size_t>(size)};
}

std::string suite(const TestReport& report) {
  const TestTotals sums = total({report});
  const std::string file = report.file.empty() ? report.script.string() : report.file.string();
  std::string out = "  <testsuite name=\"" + xml(file) + "\" tests=\"" +
                    std::to_string(report.cases.size() + sums.errors) + "\" failures=\"" +
                    std::to_string(sums.failed) + "\" errors=\"" + std::to_string(sums.errors) +
                    "\" skipped=\"" + std::to_string(sums.skipped) + "\">\n";
  if (!report.error.empty()) {
    out += "    <testcase classname=\"" + xml(file) + "\" name=\"loads\"><error message=\"" +
           xml(report.error) + "\"/></testcase>\n";
  }
  for (const TestCase& test : report.cases) {
    out += "    <testcase classname=\"" + xml(file) + "\" name=\"" + xml(full_name(test)) +
           "\" time=\"" + seconds_text(test.seconds) + "\"";
    if (test.outcome == TestCase::Outcome::kSkipped) {
      out += "><skipped/></testcase>\n";
    } else if (test.outcome == TestCase::Outcome::kFailed) {
      out += "><failure message=\"" + xml(test.message.substr(0, test.message.find('\n'))) + "\">" +
             xml_lines(test.message) + "</failure></testcase>\n";
    } else {
      out += "/>\n";
    }
  }
  return out + "  </testsuite>\n";
}

}  // namespace

TestTotals total(const std::vector<TestReport>& reports) {
  TestTotals out;
  for (const TestReport& report : reports) {
    out.errors += report.error.empty() ? 0 : 1;
    out.untested += report.error.empty() && report.file.empty() ? 1 : 0;
    for (const TestCase& test : report.cases) {
      out.passed += test.outcome == TestCase::Outcome::kPassed ? 1 : 0;
      out.failed += test.outcome == TestCase::Outcome::kFailed ? 1 : 0;
      out.skipped += test.outcome == TestCase::Outcome::kSkipped ? 1 : 0;
    }
  }
  return out;
}

std::string tests_as_text(const std::vector<TestReport>& reports, double seconds, bool colour) {
  const Paint paint{colour};
  std::string out;
  for (const TestReport& report : reports) out += report_text(report, paint);
  const TestTotals sums = total(reports);
  std::string line =
      counted(sums.passed, "passed", "passed") + ", " + counted(sums.failed, "failed", "failed");
  if (sums.skipped > 0) line += ", " + counted(sums.skipped, "skipped", "skipped");
  if (sums.errors > 0) line += ", " + counted(sums.errors, "file does", "files do") + " not load";
  if (sums.untested > 0) {
    line += ", " + counted(sums.untested, "script", "scripts") + " without tests";
  }
  const bool good = sums.failed == 0 && sums.errors == 0;
  return out + paint(good ? kGreen : kRed, line) +
         paint(kDim, "  (" + milliseconds(seconds) + ")") + "\n";
}

std::string tests_as_json(const std::vector<TestReport>& reports, double seconds) {
  const TestTotals sums = total(reports);
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("ok");
  writer.Bool(sums.failed == 0 && sums.errors == 0);
  number(writer, "passed", sums.passed);
  number(writer, "failed", sums.failed);
  number(writer, "skipped", sums.skipped);
  number(writer, "errors", sums.errors);
  number(writer, "untested", sums.untested);
  writer.Key("seconds");
  writer.Double(seconds);
  writer.Key("scripts");
  writer.StartArray();
  for (const TestReport& report : reports) write_report(writer, report);
  writer.EndArray();
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string tests_as_junit(const std::vector<TestReport>& reports, double seconds) {
  const TestTotals sums = total(reports);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"" +
                    std::to_string(sums.passed + sums.failed + sums.skipped + sums.errors) +
                    "\" failures=\"" + std::to_string(sums.failed) + "\" errors=\"" +
                    std::to_string(sums.errors) + "\" time=\"" + seconds_text(seconds) + "\">\n";
  for (const TestReport& report : reports) out += suite(report);
  return out + "</testsuites>\n";
}

}  // namespace sluice::cli
