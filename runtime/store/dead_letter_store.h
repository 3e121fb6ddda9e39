// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/store/dead_letter.h"
#include "runtime/store/letter_class.h"
#include "runtime/store/redrive_plan.h"

namespace sluice {

// Which letters; what is empty or 0 chooses all. Times are of the last failure:
// since_us <= last_at_us < until_us.
struct LetterFilter {
  std::vector<std::string> ids;   // whole ones
  std::vector<std::string> keys;  // of the records
  std::string tenant;
  std::string pipeline;
  std::string reason;
  std::string source;
  std::string stage;
  std::string sink;
  std::string group;  // see letter_group()
  int64_t since_us = 0;
  int64_t until_us = 0;
};

// Where a walk in the order of last failures stands: behind this letter.
struct LetterCursor {
  int64_t last_at_us = 0;
  uint64_t seq = 0;
};

struct LetterPage {
  std::vector<DeadLetter> letters;   // oldest failure first
  std::optional<LetterCursor> next;  // nothing: there are no more
};

// Letters by what they have in common.
struct LetterSummary {
  // Of each kind so many values are told apart; further ones are counted under kOthers.
  static constexpr size_t kMostValues = 10'000;
  static constexpr const char* kOthers = "(others)";

  uint64_t total = 0;
  std::map<std::string, uint64_t> reasons;
  std::map<std::string, uint64_t> sources;
  std::map<std::string, uint64_t> paths;     // letter_path(); "" is the record itself
  std::map<std::string, uint64_t> versions;  // of the schema; "" where none was known
  std::map<int64_t, uint64_t> hours;         // by their beginning, in microseconds
};

// Letters of one class, at a moment.
struct LetterClassCounts {
  LetterClass letter_class;
  uint64_t letters = 0;
  int64_t first_us = 0;  // of all first failures
  int64_t last_us = 0;   // of all last failures
  uint64_t last_hour = 0;
  uint64_t hour_before = 0;
};

// How much of a pipeline's letters is kept.
struct LetterLimit {
  uint64_t max_bytes = 0;    // of records and what is kept beside them; 0: no limit
  bool drop_oldest = false;  // else put() fails when it is reached
};

// Where failures go, and what became of letters that were tried once more. Any thread.
class FailureStore {
 public:
  virtual ~FailureStore() = default;
  // Durable when it returns; on an error it is called again with the same letters.
  virtual Status put(const std::vector<DeadLetter>& letters) = 0;
  // Letters leave their plans: removed, or updated with what failed this time.
  virtual Status settle_redriven(const std::vector<RedrivenLetter>& letters, int64_t now_us) = 0;
};

// Dead letters on disk. put() of many is one transaction, durable when it returns, and so is
// settle_redriven(). Any thread; one writer at a time inside, readers beside it.
class DeadLetterStore : public FailureStore {
 public:
  // Writing an id again updates last_at, attempts, reason, detail and what belongs to them
  // (pointer, rendered output, sinks, versions and hashes), keeps first_at, the original bytes and
  // what redrives left. An empty id is filled by letter_id(). kExhausted: a pipeline is at its
  // limit, and nothing was written.
  Status put(const std::vector<DeadLetter>& letters) override = 0;
  // By pipeline; those not named have no limit.
  virtual void set_limits(std::map<std::string, LetterLimit> limits) = 0;
  // Letters that limits dropped, of all times.
  virtual Result<uint64_t> dropped() = 0;

  virtual Result<std::map<std::string, uint64_t>> count_by_reason(const LetterFilter& filter) = 0;
  virtual Result<LetterSummary> summarize(const LetterFilter& filter) = 0;
  // Each class once; hours are counted back from now_us.
  virtual Status each_class(const LetterFilter& filter, int64_t now_us,
                            const std::function<void(const LetterClassCounts&)>& visit) = 0;
  // Newest first, at most `limit`.
  virtual Status each(const LetterFilter& filter, uint64_t limit,
                      const std::function<void(const DeadLetter&)>& visit) = 0;
  // The next letters behind `after`, at most kPageLetters and about kPageBytes. A letter that fails
  // again meanwhile moves to the end: bound the walk by until_us. Holds no snapshot between calls.
  static constexpr uint64_t kPageLetters = 1000;
  static constexpr uint64_t kPageBytes = 8 << 20;
  virtual Result<LetterPage> page(const LetterFilter& filter, const LetterCursor& after) = 0;
  // By its id, or the beginning of it (at least kShortestPrefix characters). kInvalid: several
  // letters begin so.
  static constexpr size_t kShortestPrefix = 6;
  virtual Result<std::optional<DeadLetter>> find(const std::string& id) = 0;
  // Letters stored now.
  virtual Result<uint64_t> count() = 0;
  // Removes letters, oldest first, and gives disk space back. Bounded work (at most kPurgeBatch
  // letters a call); answers how many went: call it again until that is 0.
  static constexpr uint64_t kPurgeBatch = 10'000;
  virtual Result<uint64_t> remove(const LetterFilter& filter) = 0;

  // Redrives: which letters were chosen, and how far it is. All durable when the call returns.
  // The id of a new plan, in state "choosing", without letters yet.
  virtual Result<uint64_t> create_redrive(const RedrivePlan& plan) = 0;
  // Adds letters to a plan: by a filter, or by their seq. Those already in it are no matter.
  virtual Status choose(uint64_t redrive, const LetterFilter& filter, bool answered_too) = 0;
  virtual Status choose(uint64_t redrive, const std::vector<uint64_t>& seqs) = 0;
  virtual Status set_redrive_state(uint64_t redrive, const std::string& state, int64_t now_us) = 0;
  // What is left of a plan, by seq, behind `after`: at most `limit` letters and about kPageBytes.
  // Chosen letters that are not there any more are counted as gone and leave the plan.
  virtual Result<std::vector<DeadLetter>> next_chosen(uint64_t redrive, uint64_t after,
                                                      uint64_t limit) = 0;
  // Newest first.
  virtual Result<std::vector<RedrivePlan>> redrives(uint64_t limit) = 0;
  virtual Result<std::optional<RedrivePlan>> find_redrive(uint64_t redrive) = 0;
};

// SQLite file `dead_letters.db` in the state folder; errors as for the checkpoint store.
// read_only: for commands beside a running process; creates nothing (kNotFound when there is no
// such file), and what writes answers kInvalid.
Result<std::unique_ptr<DeadLetterStore>> open_dead_letter_store(const std::filesystem::path& dir,
                                                                bool read_only = false);

// The same in a PostgreSQL database that several nodes share, in tables of the schema `sluice`,
// made when they are not there. `dsn`: postgres://user:password@host:port/database, or libpq's
// `host=... dbname=...`. kUnavailable: the server cannot be reached or used now; kInvalid: an
// operator has to mend the address, the rights or the database. A connection that broke is made
// anew by the next call. Deleted letters' space is given back by the server itself (autovacuum).
Result<std::unique_ptr<DeadLetterStore>> open_postgres_dead_letters(const std::string& dsn,
                                                                    bool read_only = false);

// The same in a Kafka topic that several nodes share, made when it is not there; `address`:
// kafka://user:password@host:port,host:port/topic?property=value (see kafka_target.h). The topic is
// the truth; `letters_<hash>.db` in the folder follows it, and holds this node's redrive plans.
// read_only: that file is used, and kept up with the topic, where it is there; else one in a
// temporary folder. Errors as for PostgreSQL. A letter that is larger than the topic takes is
// kInvalid, and nothing that came with it is written.
Result<std::unique_ptr<DeadLetterStore>> open_topic_dead_letters(const std::filesystem::path& dir,
                                                                 const std::string& address,
                                                                 bool read_only = false);

// What an operator ought to know of such an address before it is used: with `connect` whether the
// topic keeps letters at all for `keep`. Sentences; none: all is well. Makes nothing.
Result<std::vector<std::string>> check_topic_dead_letters(const std::string& address,
                                                          std::chrono::milliseconds keep,
                                                          bool connect);

// True for an address that open_topic_dead_letters() is for.
bool names_dead_letter_topic(const std::string& dsn);

// The one that is configured: with a `dsn` in a Kafka topic (kafka://) or in PostgreSQL, else in
// the folder.
Result<std::unique_ptr<DeadLetterStore>> open_dead_letters(const std::filesystem::path& dir,
                                                           const std::string& dsn,
                                                           bool read_only = false);

}  // namespace sluice
