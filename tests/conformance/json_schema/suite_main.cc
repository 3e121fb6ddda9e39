// SPDX-License-Identifier: Apache-2.0
// Runs the official JSON Schema Test Suite against our validator.
// usage: json_schema_suite SUITE EXCEPTIONS.md [DRAFT...]     default: all of them
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/record/document.h"
#include "runtime/schema/validator.h"
#include "tests/conformance/json_schema/exceptions.h"

namespace sluice::testing {
namespace {

namespace fs = std::filesystem;

struct Tally {
  size_t passed = 0;
  size_t excused = 0;
  size_t failed = 0;
};

class Suite {
 public:
  Suite(fs::path folder, std::vector<Exception> exceptions)
      : folder_(std::move(folder)), exceptions_(std::move(exceptions)) {}

  // Every file of a folder, without those in folders below it.
  void run(const std::string& folder, const std::string& group, bool assert_formats) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_ / "tests" / folder)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) run_file(file, group, assert_formats);
  }

  void run_file(const fs::path& file, const std::string& group, bool assert_formats) {
    file_ = file.lexically_relative(folder_ / "tests").string();
    tally_ = &groups_[group];
    options_ = {};
    options_.map = {{"http://localhost:1234/", folder_ / "remotes"}};
    options_.dialect = dialect_of(file_);
    if (assert_formats) options_.formats = SchemaOptions::Formats::kAssert;
    const auto text = read_file(file, 16U << 20U);
    Document document;
    if (!text || !document.parse(*text, {.max_bytes = 16U << 20U, .max_depth = 512})) {
      complain("cannot be read");
      ++tally_->failed;
      return;
    }
    each(document, Document::root(), [&](NodeIndex one) { run_schema(document, one); });
  }

  // True if every test passed or is excused by an exception, and no exception excuses nothing.
  bool report() {
    bool good = true;
    for (const auto& [group, tally] : groups_) {
      std::printf("%-32s %5zu passed, %3zu excused, %3zu failed\n", group.c_str(), tally.passed,
                  tally.excused, tally.failed);
      good = good && tally.failed == 0;
    }
    for (const Exception& exception : exceptions_) {
      if (exception.met > 0) continue;
      std::printf("FAILED: the exception for %s / %s / %s excuses nothing: remove it\n",
                  exception.file.c_str(), exception.schema.c_str(), exception.test.c_str());
      good = false;
    }
    return good;
  }

 private:
  // Of schemas that name none. The older drafts' files leave it out.
  static std::string dialect_of(const std::string& file) {
    const std::string draft = file.substr(0, file.find('/'));
    if (draft.starts_with("draft20")) {
      return "https://json-schema.org/draft/" + draft.substr(5) + "/schema";
    }
    return "http://json-schema.org/draft-0" + draft.substr(5) + "/schema";
  }

  static void each(const Document& document, NodeIndex array,
                   const std::function<void(NodeIndex)>& visit) {
    NodeIndex at = document.first_child(array);
    for (uint32_t i = document.count(array); i > 0; --i, at = document.next(at)) visit(at);
  }

  std::string text(const Document& document, NodeIndex object, const char* name) {
    arena_.reset();
    return std::string(document.string(document.find(object, name), arena_));
  }

  void run_schema(const Document& document, NodeIndex one) {
    schema_ = text(document, one, "description");
    const std::string_view json = document.json(document.find(one, "schema"));
    const auto compiled = compile_schema_text(json, file_, options_);
    each(document, document.find(one, "tests"), [&](NodeIndex test) {
      test_ = text(document, test, "description");
      if (!compiled) {
        judge(false, "the schema is refused: " + compiled.status().message());
        return;
      }
      const bool valid = document.kind(document.find(test, "valid")) == JsonKind::kTrue;
      run_test(**compiled, document.json(document.find(test, "data")), valid);
    });
  }

  void run_test(const Schema& schema, std::string_view data, bool valid) {
    Document record;
    if (!record.parse(data, {.max_bytes = 16U << 20U, .max_depth = 512})) {
      judge(false, "the record does not parse");
      return;
    }
    const auto scratch = schema.make_scratch();
    const bool fits = schema.validate(record, *scratch);
    const auto failures = schema.explain(record, 1);
    const bool explained =
        !failures.empty() && !failures.front().message.empty() && !failures.front().keyword.empty();
    judge(fits == valid, fits ? "fits, yet should not" : failures.front().message);
    if (fits == explained) {
      complain("explain() and validate() disagree");
      ++tally_->failed;
    }
  }

  void judge(bool good, const std::string& found) {
    if (good) {
      ++tally_->passed;
      return;
    }
    for (Exception& exception : exceptions_) {
      if (!exception.fits(file_, schema_, test_)) continue;
      ++exception.met;
      ++tally_->excused;
      return;
    }
    ++tally_->failed;
    complain(found);
  }

  void complain(const std::string& found) {
    std::printf("FAILED: %s / %s / %s: %s\n", file_.c_str(), schema_.c_str(), test_.c_str(),
                found.c_str());
  }

  const fs::path folder_;
  std::vector<Exception> exceptions_;
  std::map<std::string, Tally> groups_;
  Tally* tally_ = nullptr;
  SchemaOptions options_;
  std::string file_;
  std::string schema_;
  std::string test_;
  Arena arena_;
};

int run(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: json_schema_suite SUITE EXCEPTIONS.md [DRAFT...]\n", stderr);
    return 2;
  }
  auto exceptions = read_exceptions(argv[2]);
  if (!exceptions) {
    std::fprintf(stderr, "%s\n", exceptions.status().message().c_str());
    return 2;
  }
  std::vector<std::string> drafts(argv + 3, argv + argc);
  if (drafts.empty()) drafts = {"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"};
  const fs::path folder = argv[1];
  Suite suite(folder, std::move(*exceptions));
  for (const std::string& draft : drafts) {
    suite.run(draft, draft + " required", false);
    const std::string optional = draft + "/optional";
    suite.run(optional + "/format", optional + "/format", true);
    suite.run_file(folder / "tests" / optional / "bignum.json", optional + "/bignum", false);
    const fs::path regex = folder / "tests" / optional / "ecmascript-regex.json";
    if (fs::exists(regex)) suite.run_file(regex, optional + "/ecmascript-regex", true);
    // Not asked for, and passed all the same. The oldest drafts' use keywords of later ones, which
    // we refuse where they would be ignored.
    if (draft == "draft4" || draft == "draft6") continue;
    for (const char* more :
         {"format-assertion.json", "id.json", "anchor.json", "dynamicRef.json",
          "non-bmp-regex.json", "unknownKeyword.json", "refOfUnknownKeyword.json",
          "float-overflow.json", "dependencies-compatibility.json", "no-schema.json"}) {
      const fs::path file = folder / "tests" / optional / more;
      if (fs::exists(file)) suite.run_file(file, optional + " others", false);
    }
  }
  return suite.report() ? 0 : 1;
}

}  // namespace
}  // namespace sluice::testing

int main(int argc, char** argv) { return sluice::testing::run(argc, argv); }
