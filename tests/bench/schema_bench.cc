// SPDX-License-Identifier: Apache-2.0
// What checking an order costs, and the three ratios that are promised (docs/schemas.md): compiled
// against valijson, with `format: date-time` against without, and against a schema ten times
// larger. usage: schema_bench ORDERS.jsonl ORDERS.schema.json [ROUNDS=9] All in one process, on one
// core, in turn, so that a busy machine slows all of them alike; each figure is the median over the
// rounds.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/record/document.h"
#include "runtime/schema/validator.h"
#include "tests/bench/valijson_rapidjson.h"

namespace sluice::testing {
namespace {

constexpr size_t kRecords = 2000;

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// `occurred_at` gets its format; nothing else changes.
std::string with_date_time(std::string schema) {
  const size_t at = schema.find("\"occurred_at\": {");
  if (at == std::string::npos) return "";
  schema.insert(schema.find('{', at) + 1, "\"format\": \"date-time\",");
  return schema;
}

// Ten times the members in each `properties`: nine that no record has around each of those it has,
// so that no record finds its names one after the other.
std::string ten_times(const std::string& schema) {
  std::string large = schema;
  int number = 0;
  for (size_t at = 0; (at = large.find("\"type\": \"", at)) != std::string::npos;) {
    // Only where a member's schema begins: `"name": {` and then its type.
    const size_t open = large.rfind('{', at);
    const size_t name = large.rfind('"', large.rfind('"', open) - 1);
    const bool member =
        large.substr(open + 1, at - open - 1).find_first_not_of(" \n") == std::string::npos &&
        large[large.find('"', name + 1) + 1] == ':' && large.compare(name, 8, "\"items\":") != 0;
    if (!member) {
      ++at;
      continue;
    }
    std::string more;
    for (int i = 0; i < 9; ++i) {
      more += "\"unused_" + std::to_string(number++) +
              R"(": {"minLength": 2, "type": "string", "pattern": "^[a-z]+$"},)";
    }
    large.insert(name, more);
    at += more.size() + 1;
  }
  return large;
}

struct Contestant {
  const char* name;
  std::function<size_t()> run;  // how many records fit
  std::vector<double> us;       // a record, by round

  [[nodiscard]] double median() const {
    std::vector<double> sorted = us;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(us.size() / 2),
                     sorted.end());
    return sorted[us.size() / 2];
  }
};

class Bench {
 public:
  bool read(const char* file) {
    const auto text = read_file_prefix(file, 16U << 20U);
    if (!text) {
      std::fprintf(stderr, "%s\n", text.status().message().c_str());
      return false;
    }
    text_ = *text;
    std::string_view rest = text_;
    while (documents_.size() < kRecords && rest.find('\n') != std::string_view::npos) {
      Document document;
      if (document.parse(rest.substr(0, rest.find('\n')), {})) {
        texts_.push_back(rest.substr(0, rest.find('\n')));
        documents_.push_back(std::move(document));
      }
      rest.remove_prefix(rest.find('\n') + 1);
    }
    return !documents_.empty();
  }

  bool add(const char* name, const std::string& schema, const SchemaOptions& options = {}) {
    auto compiled = compile_schema_text(schema, name, options);
    if (!compiled) {
      std::fprintf(stderr, "%s\n", compiled.status().message().c_str());
      return false;
    }
    const std::shared_ptr<Schema::Scratch> scratch = (*compiled)->make_scratch();
    contestants_.push_back({name,
                            [this, schema = *compiled, scratch] {
                              size_t fit = 0;
                              for (const Document& one : documents_) {
                                fit += schema->validate(one, *scratch) ? 1 : 0;
                              }
                              return fit;
                            },
                            {}});
    return true;
  }

  void add_valijson(const char* name, const std::string& schema) {
    const auto other = std::make_shared<bench::ValijsonRapidjson>(schema, texts_);
    contestants_.push_back({name, [other] { return other->run(); }, {}});
  }

  void run(int rounds) {
    constexpr double kEnoughUs = 20'000;
    for (int round = 0; round < rounds; ++round) {
      for (Contestant& one : contestants_) {
        size_t fit = 0;
        size_t times = 0;
        const double before = cpu_us();
        double spent = 0;
        while (spent < kEnoughUs) {
          fit = one.run();
          ++times;
          spent = cpu_us() - before;
        }
        one.us.push_back(spent / static_cast<double>(times * documents_.size()));
        if (round == 0) std::printf("%-28s %zu of %zu fit\n", one.name, fit, documents_.size());
      }
    }
    for (const Contestant& one : contestants_) {
      std::printf("%-28s %8.3f us a record\n", one.name, one.median());
    }
  }

  // How many times b the contestant a takes.
  [[nodiscard]] double ratio(size_t a, size_t b) const {
    return contestants_[a].median() / contestants_[b].median();
  }

 private:
  std::string text_;
  std::vector<std::string_view> texts_;
  std::vector<Document> documents_;
  std::vector<Contestant> contestants_;
};

int run(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: schema_bench ORDERS.jsonl ORDERS.schema.json [ROUNDS=9]\n", stderr);
    return 2;
  }
  const auto text = read_file(argv[2], 1U << 20U);
  Bench bench;
  if (!text || !bench.read(argv[1])) return 2;
  std::string schema = *text;
  replace_all(schema, "\n", " ");
  const bool ready = bench.add("compiled", schema) &&
                     bench.add("compiled, date-time", with_date_time(schema)) &&
                     bench.add("compiled, ten times larger", ten_times(schema));
  if (!ready) return 2;
  bench.add_valijson("valijson", schema);
  bench.run(argc > 3 ? std::max(1, std::atoi(argv[3])) : 9);
  std::printf("valijson / compiled          %8.2f (at least 4)\n", bench.ratio(3, 0));
  std::printf("with date-time / without     %8.2f (at most 1.10)\n", bench.ratio(1, 0));
  std::printf("ten times larger / as it is  %8.2f (under 1.20)\n", bench.ratio(2, 0));
  return 0;
}

}  // namespace
}  // namespace sluice::testing

int main(int argc, char** argv) { return sluice::testing::run(argc, argv); }
