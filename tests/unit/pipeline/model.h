// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/store/dead_letter_store.h"
#include "tests/unit/support/fake_plugins.h"

namespace sluice::model {

// What a record is, which decides what has to become of it.
enum class Kind {
  kGood,     // at every sink
  kFilter,   // nowhere: the script drops it
  kInvalid,  // a letter: the schema refuses it
  kRefuse,   // a letter of each sink: it is refused
  kPoison,   // the same, but the sink says only that something in the batch is refused
};

struct Record {
  std::string lane;
  uint64_t position = 0;
  Kind kind = Kind::kGood;
  int fails = 0;    // how often each sink asks for it to come again
  int version = 0;  // of the script that ran when it could first be read
  [[nodiscard]] std::string id() const { return lane + "/" + std::to_string(position); }
};

// The reference: a list of records, what may be said of each, and what was seen of it. It knows
// nothing of batches, threads, retries or restarts. Any thread.
class Model {
 public:
  explicit Model(std::mt19937_64& random) {
    const uint64_t lanes = 1 + random() % 4;
    std::map<std::string, uint64_t> next;
    for (uint64_t n = 50 + random() % 250; n > 0; --n) {
      Record record;
      record.lane = "lane-" + std::to_string(random() % lanes);
      record.position = next[record.lane] += 1 + random() % 3;
      const uint64_t dice = random() % 100;
      if (dice < 5) record.kind = Kind::kInvalid;
      if (dice >= 5 && dice < 12) record.kind = Kind::kFilter;
      if (dice >= 12 && dice < 15) record.kind = Kind::kRefuse;
      if (dice >= 15 && dice < 17) record.kind = Kind::kPoison;
      if (dice >= 90) record.fails = static_cast<int>(1 + random() % 3);
      by_id_[record.id()] = records_.size();
      records_.push_back(record);
    }
  }

  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  static const char* word(Kind kind) {
    static constexpr const char* kWords[] = {"good", "filter", "invalid", "refuse", "poison"};
    return kWords[static_cast<size_t>(kind)];
  }
  [[nodiscard]] static std::string text(const Record& record) {
    return R"({"id":")" + record.id() + R"(","kind":")" + word(record.kind) + "\"}";
  }

  // Records from here to there can be read from now on, by a script of this version.
  void offered(size_t from, size_t to, int version) {
    const std::lock_guard lock(mutex_);
    for (size_t i = from; i < to; ++i) records_[i].version = version;
  }
  void restarted() {
    const std::lock_guard lock(mutex_);
    ++life_;
    last_.clear();
    backs_.clear();
  }
  // The lane was taken away and came back: it may go back once, at each sink.
  void came_back(const std::string& lane, const std::vector<std::string>& sinks) {
    const std::lock_guard lock(mutex_);
    ++tenures_[lane];
    for (const std::string& sink : sinks) ++backs_[{sink, lane}];
  }

  // What a sink should say of a record it is given.
  sluice_verdict verdict(const std::string& sink, const std::string& value) {
    const std::lock_guard lock(mutex_);
    const Record& record = of(value);
    if (record.kind == Kind::kRefuse || record.kind == Kind::kPoison) return SLUICE_REC_REJECT;
    return failed_[{sink, record.id()}]++ < record.fails ? SLUICE_REC_RETRY : SLUICE_REC_OK;
  }
  [[nodiscard]] bool poison(const std::string& value) const {
    return of(value).kind == Kind::kPoison;
  }
  // The sink took it: an effect.
  void took(const std::string& sink, const std::string& value) {
    const std::lock_guard lock(mutex_);
    const Record& record = of(value);
    if (record.kind != Kind::kGood) wrong(sink + " took " + value);
    const int version = version_of(value);
    if (version < record.version) wrong(value + " came out of an older script");
    ++effects_[{sink, record.id()}];
    uint64_t& last = last_[{sink, record.lane}];
    if (record.position <= last && backs_[{sink, record.lane}]-- <= 0) {
      wrong(sink + " took " + value + " out of order");
    }
    last = record.position;
  }

  // Everything up to these positions was acknowledged: it has to be kept.
  void check_acknowledged(const std::map<std::string, uint64_t>& acked,
                          const std::vector<DeadLetter>& letters,
                          const std::vector<std::string>& sinks) {
    const auto stored = ids(letters);
    const std::lock_guard lock(mutex_);
    for (const Record& record : records_) {
      const auto at = acked.find(record.lane);
      if (at == acked.end() || record.position > at->second) continue;
      for (const auto& letter : expected_letters(record, sinks)) {
        EXPECT_TRUE(stored.contains(letter)) << record.id() << " was acknowledged without a letter";
      }
      if (record.kind != Kind::kGood) continue;
      for (const std::string& sink : sinks) {
        EXPECT_GE((effects_[{sink, record.id()}]), 1) << record.id() << " is not in " << sink;
      }
    }
  }

  // Nothing is left to be done.
  void check_end(const std::map<std::string, uint64_t>& acked,
                 const std::vector<DeadLetter>& letters, const std::vector<std::string>& sinks,
                 const std::set<std::string>& exactly_once) {
    check_acknowledged(acked, letters, sinks);
    const std::lock_guard lock(mutex_);
    std::multiset<Letter> expected;
    std::map<std::string, uint64_t> ends;
    for (const Record& record : records_) {
      ends[record.lane] = record.position;
      for (const auto& letter : expected_letters(record, sinks)) expected.insert(letter);
      for (const std::string& sink : sinks) {
        const int n = effects_[{sink, record.id()}];
        const int most = exactly_once.contains(sink) ? 1 : life_ + tenures_[record.lane];
        EXPECT_LE(n, most) << record.id() << " too often in " << sink;
      }
    }
    EXPECT_EQ(acked, ends);
    EXPECT_EQ(ids(letters), expected);
    EXPECT_TRUE(wrong_.empty()) << wrong_.front() << " and " << wrong_.size() - 1 << " more";
  }

 private:
  using Letter = std::tuple<std::string, std::string>;  // record, sink or stage

  static std::multiset<Letter> ids(const std::vector<DeadLetter>& letters) {
    std::multiset<Letter> out;
    for (const DeadLetter& letter : letters) {
      out.emplace(letter.lane + "/" + std::to_string(letter.position),
                  letter.sink.empty() ? letter.stage : letter.sink);
    }
    return out;
  }
  static std::vector<Letter> expected_letters(const Record& record,
                                              const std::vector<std::string>& sinks) {
    if (record.kind == Kind::kInvalid) return {{record.id(), "validate"}};
    std::vector<Letter> out;
    if (record.kind == Kind::kRefuse || record.kind == Kind::kPoison) {
      for (const std::string& sink : sinks) out.emplace_back(record.id(), sink);
    }
    return out;
  }
  [[nodiscard]] const Record& of(const std::string& value) const {
    const size_t at = value.find("\"id\":\"") + 6;
    return records_[by_id_.at(value.substr(at, value.find('"', at) - at))];
  }
  static int version_of(const std::string& value) {
    return std::stoi(value.substr(value.find("\"v\":") + 4));
  }
  void wrong(std::string what) { wrong_.push_back(std::move(what)); }

  std::map<std::string, size_t> by_id_;
  std::mutex mutex_;
  std::vector<Record> records_;
  std::map<std::pair<std::string, std::string>, int> failed_;     // sink and record
  std::map<std::pair<std::string, std::string>, int> effects_;    // sink and record
  std::map<std::pair<std::string, std::string>, uint64_t> last_;  // sink and lane, of this life
  std::map<std::pair<std::string, std::string>, int> backs_;      // likewise: not gone back yet
  std::map<std::string, int> tenures_;                            // by lane: how often it came back
  int life_ = 1;
  std::vector<std::string> wrong_;
};

}  // namespace sluice::model
