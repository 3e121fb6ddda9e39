// SPDX-License-Identifier: Apache-2.0
// Random operations on a pipeline against the model in model.h: records of all kinds, sinks that
// are slow, busy or away, a store that fails, reloads, drains and crashes. An episode is 50 to 300
// records; at its end everything heals and all has to be as the model says.
//
// A minute of episodes, ten with SLUICE_SOAK, or SLUICE_MODEL_SECONDS. SLUICE_SEED repeats one.
#include "tests/unit/pipeline/model.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "runtime/pipeline/pipeline.h"
#include "runtime/pipeline/worker_pool.h"
#include "tests/unit/support/marked_sink.h"

namespace sluice {
namespace {

using model::Model;

// Those that are tried; and those of them that must never take a record twice.
const std::vector<std::string> kSinks = {"fake", "marked"};
const std::set<std::string> kExactlyOnce = {"marked"};

// Fails while told to; after a crash for good.
class FailingCheckpoints final : public CheckpointStore {
 public:
  explicit FailingCheckpoints(std::unique_ptr<CheckpointStore> store) : store_(std::move(store)) {}
  Result<SourceCheckpoint> load(const std::string& pipeline, const std::string& source) override {
    return store_->load(pipeline, source);
  }
  Status commit(const std::vector<CheckpointUpdate>& updates, int64_t now_us) override {
    if (crashed) return unavailable("the process is not there any more");
    if (failures > 0) {
      --failures;
      return unavailable("by the test's dice");
    }
    return store_->commit(updates, now_us);
  }
  Result<uint32_t> move(const CheckpointMove& move, int64_t now_us) override {
    return store_->move(move, now_us);
  }
  std::atomic<bool> crashed{false};
  std::atomic<int> failures{0};

 private:
  std::unique_ptr<CheckpointStore> store_;
};

class Episode {
 public:
  Episode(uint64_t seed, std::filesystem::path folder)
      : random_(seed), folder_(std::move(folder)), model_(random_) {
    std::filesystem::create_directories(folder_);
    test::reset_levers();
    test::reset_marked_database();
    registry_ = PluginRegistry::create({}).value();
    EXPECT_TRUE(registry_->register_static(test::fake_plugin()));
    EXPECT_TRUE(registry_->register_static(test::marked_plugin()));
    configure();
    auto& source = test::source_levers("in");
    for (const model::Record& record : model_.records()) {
      source.records.push_back({record.lane, record.position, Model::text(record)});
    }
    source.gate = 0;
    source.finite = false;
    source.batch = static_cast<uint32_t>(1 + random_() % 20);
    teach_sinks();
  }
  ~Episode() { std::filesystem::remove_all(folder_); }

  void run() {
    start();
    for (uint64_t n = 5 + random_() % 20; n > 0 && !::testing::Test::HasFailure(); --n) step();
    heal();
    bring_back();
    release(SIZE_MAX);
    wait_settled();
    stop(false);
    model_.check_end(acked(), letters(), kSinks, kExactlyOnce);
  }

 private:
  void configure() {
    write_script();
    std::ofstream(folder_ / "schema.json")
        << R"({"properties":{"kind":{"enum":["good","filter","refuse","poison"]}}})";
    config_.name = "p";
    SourceConfig source;
    source.name = "in";
    source.use = "fake";
    source.config_json = "{}";
    config_.sources.push_back(source);
    for (const std::string& name : kSinks) {
      SinkConfig sink;
      sink.name = sink.use = name;
      sink.config_json = "{}";
      sink.retry.base = Millis(1);
      sink.retry.cap = Millis(2);
      sink.retry.max_attempts = 1000;
      sink.breaker.half_open_after = Millis(2);
      sink.batch.linger = Millis(random_() % 3);
      sink.batch.records = static_cast<uint32_t>(1 + random_() % 40);
      config_.sinks.push_back(sink);
    }
    config_.transform = folder_ / "script.lua";
    config_.schema = SchemaConfig();
    config_.schema->path = folder_ / "schema.json";
  }
  void write_script() {
    std::ofstream(folder_ / "script.lua")
        << "function transform(r)\n  if r.kind == 'filter' then return nil end\n  r.v = "
        << version_ << "\n  return r\nend\n";
  }

  // The fake sink keeps the order of lanes: behind a record that has to come again it tries none.
  void teach_sinks() {
    test::sink_levers("fake").answer = [this](const std::vector<test::SeenRecord>& seen,
                                              sluice_outcome* outcomes) {
      if (away_) return SLUICE_E_RETRY;
      for (const auto& record : seen) {
        if (model_.poison(record.value)) return SLUICE_E_BATCH;
      }
      std::set<uint32_t> waiting;
      for (size_t i = 0; i < seen.size(); ++i) {
        if (waiting.contains(seen[i].lane)) {
          outcomes[i].verdict = SLUICE_REC_UNTRIED;
          continue;
        }
        outcomes[i].verdict = model_.verdict("fake", seen[i].value);
        if (outcomes[i].verdict == SLUICE_REC_OK) model_.took("fake", seen[i].value);
        if (outcomes[i].verdict == SLUICE_REC_REJECT) outcomes[i].reason = 1;
        if (outcomes[i].verdict == SLUICE_REC_RETRY) {
          outcomes[i].reason = 0;
          waiting.insert(seen[i].lane);
        }
      }
      return SLUICE_OK;
    };
    test::marked_database().verdict = [this](const std::string& value) {
      return model_.verdict("marked", value);
    };
    test::marked_database().committed = [this](const std::string& value) {
      model_.took("marked", value);
    };
  }

  void step() {
    switch (random_() % 12) {
      case 0:
        away_ = !away_;
        break;
      case 1:
        cork();
        break;
      case 2:  // holds everything for half a second, so not too often
        checkpoints_->failures = random_() % 4 == 0 ? 1 : 0;
        break;
      case 3:
        lose_an_answer();
        break;
      case 4:
        reload();
        break;
      case 5:
        stop(true);
        model_.check_acknowledged(acked(), letters(), kSinks);
        model_.restarted();
        start();
        break;
      case 6:
        heal();
        bring_back();
        wait_settled();
        stop(false);
        model_.restarted();
        start();
        break;
      case 7:
        take_away();
        break;
      case 8:
        bring_back();
        break;
      default:
        release(released_ + random_() % 60);
        break;
    }
    StopSource never;
    never.wait_for(Millis(random_() % 8));  // how far it gets meanwhile is part of the dice
  }

  // A lane goes to another process, in good order or not, within time or not.
  void take_away() {
    const std::string lane = model_.records()[random_() % model_.records().size()].lane;
    if (!away_lanes_.insert(lane).second) return;
    const bool lost = random_() % 2 == 0;
    const auto limit_ms = static_cast<uint32_t>(random_() % 3 == 0 ? 5 : 500);
    test::source_levers("in").move(
        {lost ? test::LaneMove::Kind::kLose : test::LaneMove::Kind::kRevoke, {lane}, limit_ms});
    EXPECT_EQ(pipeline_->snapshot().account.unaccounted(), 0);
  }
  void bring_back() {
    for (const std::string& lane : away_lanes_) {
      model_.came_back(lane, kSinks);
      test::source_levers("in").move({test::LaneMove::Kind::kAssign, {lane}});
      EXPECT_EQ(test::source_levers("in").last_move, SLUICE_OK);
    }
    away_lanes_.clear();
  }

  void release(size_t to) {
    to = std::min(to, model_.records().size());
    if (to <= released_) return;
    model_.offered(released_, to, version_);
    released_ = to;
    test::source_levers("in").gate = to;
  }
  void cork() {
    auto& levers = test::sink_levers("fake");
    const std::lock_guard lock(levers.mutex);
    levers.corked = true;
  }
  static void lose_an_answer() {
    const std::lock_guard lock(test::marked_database().mutex);
    test::marked_database().lose_answer = true;
  }
  void heal() {
    away_ = false;
    test::sink_levers("fake").uncork();
  }
  void reload() {
    ++version_;
    write_script();
    auto bundle = Bundle::load(config_);
    ASSERT_TRUE(bundle) << bundle.status().message();
    ASSERT_TRUE(pipeline_->activate(*bundle));
  }

  void start() {
    auto checkpoints = std::make_unique<FailingCheckpoints>(open_checkpoint_store(folder_).value());
    checkpoints_ = std::move(checkpoints);
    letters_ = open_dead_letter_store(folder_).value();
    ledger_ = std::make_unique<Ledger>(*checkpoints_, *letters_, Clock::real());
    pool_ = std::make_unique<WorkerPool>();
    Pipeline::Context context;
    context.registry = registry_.get();
    context.ledger = ledger_.get();
    context.work = pool_.get();
    context.clock = &Clock::real();
    pipeline_ = Pipeline::create(config_, context).value();
    ASSERT_TRUE(pipeline_->restore(*checkpoints_));
    ASSERT_TRUE(pool_->start(2, {pipeline_.get()}));
    ledger_->start({pipeline_.get()});
    ASSERT_TRUE(pipeline_->start_sinks(std::chrono::steady_clock::now() + std::chrono::minutes(1)));
    pipeline_->start_sources();
  }
  // With a crash nothing that is done from here on is remembered but by the sinks.
  void stop(bool crash) {
    checkpoints_->crashed = crash;
    pipeline_->stop_sources();
    if (crash) {
      pipeline_->give_up();
      pool_->abandon();
      pipeline_->abandon_sinks();
    } else {
      pool_->finish();
      pipeline_->finish_sinks();
    }
    ledger_->finish();
    pipeline_->finish_sources();
    const Account account = pipeline_->snapshot().account;
    EXPECT_EQ(account.unaccounted(), 0);
    away_lanes_.clear();  // a new process has all of them
    pool_.reset();
    ledger_.reset();
    pipeline_.reset();
  }
  void wait_settled() {
    StopSource never;
    for (int i = 0; i < 6000; ++i) {
      const Account account = pipeline_->snapshot().account;
      if (account.in_flight() == 0 && pipeline_->settled() && all_read()) return;
      never.wait_for(Millis(5));
    }
    ADD_FAILURE() << "not settled: " << pipeline_->snapshot().account.in_flight() << " in flight";
  }
  // The source has given all it may.
  bool all_read() {
    std::map<std::string, uint64_t> ends;
    for (size_t i = 0; i < released_; ++i) {
      ends[model_.records()[i].lane] = model_.records()[i].position;
    }
    return acked() == ends;
  }
  static std::map<std::string, uint64_t> acked() {
    const std::lock_guard lock(test::source_levers("in").mutex);
    return test::source_levers("in").acked;
  }
  std::vector<DeadLetter> letters() {
    std::vector<DeadLetter> out;
    EXPECT_TRUE(letters_->each({}, 100'000, [&](const DeadLetter& l) { out.push_back(l); }));
    return out;
  }

  std::mt19937_64 random_;
  std::filesystem::path folder_;
  Model model_;
  PipelineConfig config_;
  int version_ = 1;
  size_t released_ = 0;
  std::set<std::string> away_lanes_;
  std::atomic<bool> away_{false};
  std::unique_ptr<PluginRegistry> registry_;
  std::unique_ptr<FailingCheckpoints> checkpoints_;
  std::unique_ptr<DeadLetterStore> letters_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<WorkerPool> pool_;
};

int seconds_to_run() {
  if (const char* text = std::getenv("SLUICE_MODEL_SECONDS")) return std::atoi(text);
  const char* soak = std::getenv("SLUICE_SOAK");
  return soak != nullptr && std::string(soak) != "0" ? 600 : 60;
}

TEST(PipelineModel, HoldsUnderRandomOperations) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("sluice-model-" + std::to_string(::getpid()));
  const char* only = std::getenv("SLUICE_SEED");
  uint64_t seed = only != nullptr ? std::strtoull(only, nullptr, 10) : std::random_device()();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_to_run());
  size_t episodes = 0;
  do {
    SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
    Episode(seed, folder).run();
    ++episodes;
    if (HasFailure()) {
      std::printf("failed in the episode of SLUICE_SEED=%llu\n",
                  static_cast<unsigned long long>(seed));
      return;
    }
    ++seed;
  } while (only == nullptr && std::chrono::steady_clock::now() < end);
  std::printf("%zu episodes, the last of SLUICE_SEED=%llu\n", episodes,
              static_cast<unsigned long long>(seed - 1));
}

}  // namespace
}  // namespace sluice
