// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/bounded_queue.h"
#include "runtime/base/clock.h"
#include "runtime/base/stop.h"
#include "runtime/config/config.h"
#include "runtime/deliver/breaker.h"
#include "runtime/deliver/delivery.h"
#include "runtime/deliver/letter_box.h"
#include "runtime/deliver/retry.h"
#include "runtime/deliver/sink_health.h"
#include "runtime/deliver/sink_marks.h"
#include "runtime/deliver/sink_services.h"
#include "runtime/deliver/sink_spool.h"
#include "runtime/deliver/sink_stand_in.h"
#include "runtime/deliver/waiting_room.h"
#include "runtime/flow/flow_control.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

// Owns one sink instance and the thread that calls it: gathers parts into batches, writes, gives
// every record its outcome, and tries again what can be tried again. Nothing is passed over: while
// the sink is unavailable the branch holds, and back-pressure stops the source.
//
// Its files: sink_driver.cc the thread's life, sink_link.cc the instance and the breaker,
// sink_gather.cc what is written next, sink_write.cc writing and halving, sink_marked.cc writing
// with marks, sink_outcomes.cc what an answer means, sink_spooling.cc into the spool and out of it,
// sink_leaving.cc lanes that come and go.
class SinkDriver {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using LaneName = std::function<std::string(uint32_t source, uint32_t lane)>;
  struct Options {
    SinkConfig config;
    uint16_t index = 0;  // number of this sink in its pipeline
    // A share of the pipeline's byte budget. What is queued or waits beyond it is passed over when
    // the sink is not required, and goes to its spool, if it has one, as soon as the sink fails.
    uint64_t share_bytes = 0;
    SinkMarks::Options marks = {};   // without scopes: the sink is written to without marks
    bool report_deliveries = false;  // to the letter box, part by part; not what marks tell
    // May be null: what the sink cannot take waits in memory.
    std::unique_ptr<Spool> spool = nullptr;
    SpoolDesk* desk = nullptr;          // with a spool; outlives the driver
    uint64_t most_in_flight = 1 << 20;  // records, between an append and its checkpoint
    // One of several writers: it takes the parts of its lanes, by the hash of the lane's name.
    uint32_t writer = 0;
    uint32_t writers = 1;
    LaneName lane_name = {};            // with several
    const FlowControl* flow = nullptr;  // may be null: the sink is never left alone
  };

  // Which of so many writers a lane belongs to.
  static uint32_t writer_of(const std::string& lane, size_t writers);

  // Checks the configuration and creates the instance; no I/O. `letters` and `clock` must outlive
  // the driver.
  static Result<std::unique_ptr<SinkDriver>> create(ComponentRef component, Options options,
                                                    LetterBox& letters, const Clock& clock);
  ~SinkDriver();

  // What its spool holds from earlier runs; before start(), once checkpoints are read.
  Status recover();
  void start();
  // Result of the first open, waiting for it until the deadline; nothing while it is still trying.
  // kInvalid: configuration. kUnavailable: not reachable yet, the driver goes on trying.
  std::optional<Status> first_open(std::chrono::steady_clock::time_point deadline)
      SLUICE_EXCLUDES(mutex_);

  // Is it written to with marks (sink_marks.h)? Then it wants every batch, with parts for it or
  // not.
  [[nodiscard]] bool keeps_marks() const { return keeps_marks_; }
  // Any thread. How far this sink has come in a lane, as read when it was opened.
  [[nodiscard]] std::optional<uint64_t> stored_mark(uint32_t source,
                                                    const std::string& lane) const {
    return marks_.stored(source, lane);
  }
  // Any thread. Lanes have left this process: what is held of them is dropped soon, in a call or
  // not. What the call under way has keeps its answer.
  void lanes_left();
  // Any thread. Reads the marks of a sink that keeps them anew; until then, if the sink cannot be
  // called now, or the deadline passes, what was read before stands.
  void look_at_marks(Time deadline) SLUICE_EXCLUDES(mutex_);
  // Any thread. The lane is done and wholly settled.
  void forget_lane(uint32_t source, const std::string& lane) { marks_.forget(source, lane); }

  // Hands over a published batch. False only for an optional sink whose queue is full, unless a
  // part goes to it by name.
  bool enqueue(BatchPtr batch);
  // No more batches come: the thread ends once all is answered.
  void finish() { queue_.close(); }
  // Give up now; what is not answered stays unsettled.
  void stop() SLUICE_EXCLUDES(instance_mutex_);
  void join();

  [[nodiscard]] SinkStatus status() const;
  [[nodiscard]] const SinkConfig& config() const { return options_.config; }
  // Any thread. Nothing waits in its spool, or it has none.
  [[nodiscard]] bool spool_empty() const { return spool_ == nullptr || spool_->empty(); }
  // Must the record wait for this sink's answer? What it has already (Batch::skips) comes apart.
  [[nodiscard]] bool obliged(const Part& part) const {
    return part.sink == options_.index ||
           (options_.config.required && part.sink == Part::kAllSinks);
  }

 private:
  enum class Link { kCreated, kOpen, kUnusable };
  // An operator wants nothing written now.
  [[nodiscard]] bool paused() const {
    return options_.flow != nullptr && options_.flow->holds_writes();
  }
  // A piece of gathered_ that is to be written.
  struct Range {
    size_t begin = 0;
    size_t end = 0;
    bool suspect = false;    // it is known to hold a record that makes a batch refused
    bool left_half = false;  // of one that was refused; the right half lies below it in todo_
  };
  // What one write came to.
  struct Answers {
    size_t ok = 0;
    size_t refused = 0;
    size_t retried = 0;
    std::string trouble;  // of the first that has to be tried again
  };

  SinkDriver(ComponentRef component, Options options, LetterBox& letters, const Clock& clock);

  // sink_driver.cc
  void run();
  bool sit_out();
  [[nodiscard]] bool takes(const Batch& batch, const Part& part);
  // Of several writers: is it this one that the lane belongs to?
  [[nodiscard]] bool has_lane(const Batch& batch, uint32_t lane);

  // sink_leaving.cc
  std::optional<BatchPtr> take_next(std::optional<Time> deadline = {});
  void wake();
  void serve_asks() SLUICE_EXCLUDES(mutex_);
  void let_go();
  void drop_left(Range& range);
  void drop_left(Deliveries& deliveries);
  void end_asks() SLUICE_EXCLUDES(mutex_);
  void drop(const Delivery& delivery);

  // sink_spooling.cc
  [[nodiscard]] bool crowded() const;
  [[nodiscard]] bool spills() const;
  bool sit_out_spooling();
  void overflow_held();
  void park(const Delivery& delivery);
  void unpark();
  void overflow_waiting(uint32_t source);
  void overflow_queue();
  bool push_overflow();
  void no_room(const Status& status);
  bool look_at_spool();
  void take_overflow();
  [[nodiscard]] bool goes_behind(const Batch& batch) const;
  [[nodiscard]] bool comes_again(const Delivery& delivery) const;

  // sink_takeover.cc
  // A call that is no write.
  template <typename Call>
  CallResult watched(const Call& call) {
    if (!spool_) return call();
    stand_in_.entered();
    CallResult result = call();
    stand_in_.left();
    taken_over_ = false;  // nothing was lent
    return result;
  }
  bool stand_in();
  void lend();
  bool spool_lent();
  bool take_back(const CallResult& result, std::chrono::nanoseconds took);
  void take_back(size_t index, Outcome outcome);

  // sink_link.cc
  bool available();
  bool connect();
  void make_anew();
  void report_first_open(const CallResult& result) SLUICE_EXCLUDES(mutex_);
  bool probe();
  void note_good(std::chrono::nanoseconds took);
  void note_failed(const CallResult& result);
  void note_trouble(const std::string& what);
  void note_breaker(bool changed);

  // sink_gather.cc
  bool gather();
  bool wait_for_work();
  void take_waiting();
  void add(BatchPtr batch);
  void put_in_order();
  [[nodiscard]] bool room_for_more() const;
  [[nodiscard]] bool nothing_held() const;
  [[nodiscard]] std::optional<Time> wake_at() const;

  // sink_write.cc
  void deliver_gathered();
  [[nodiscard]] size_t end_of_write(size_t begin) const;
  bool attempt(Range range);
  bool note_answer(const CallResult& result, const Answers& answers, std::chrono::nanoseconds took);
  void halve(Range range);
  void hold_back(Range& range);
  void forget_answered();
  CallResult write(Range range, std::chrono::nanoseconds& took);

  // sink_marked.cc
  CallResult write_batch(const sluice_batch& batch);
  bool read_marks_again(const CallResult& result);
  void skip_covered(Range& range);
  bool flush_marks();
  [[nodiscard]] bool covered(const Delivery& delivery);
  [[nodiscard]] size_t end_of_record(size_t at, size_t end) const;
  [[nodiscard]] size_t middle_of(Range range) const;

  // sink_outcomes.cc
  size_t apply_outcomes(Range range, const CallResult& result, Answers& answers);
  void refused(const Delivery& delivery, const sluice_outcome& outcome);
  void tried_in_vain(Delivery& delivery, const sluice_outcome& outcome, Answers& answers);
  bool call_failed(Delivery& delivery, const CallResult& result);
  [[nodiscard]] bool given_up(const Delivery& delivery) const;
  void give_up_all();
  void give_up(const Delivery& delivery);
  [[nodiscard]] std::string reason_of(const Delivery& delivery) const;
  void settle(const Delivery& delivery, Outcome outcome);
  void note_delivered(const Delivery& delivery);
  void flush_settled();
  // `passing`: at another time the sink may take it.
  void reject(const Delivery& delivery, std::string reason, std::string detail,
              bool passing = false);
  std::string reason_code(uint16_t reason, std::string_view fallback) const;
  std::string describe(uint16_t reason, std::string_view text) const;

  Options options_;
  std::unique_ptr<SinkSpool> spool_;  // may be null; before what holds batches of it
  LetterBox& letters_;
  const Clock& clock_;
  ComponentRef component_;
  SinkServices services_;
  Mutex instance_mutex_;  // the driver thread swaps the instance, stop() reaches for it
  std::unique_ptr<SinkInstance> instance_;
  SinkHealth health_;
  StopSource stop_;
  BoundedQueue<BatchPtr> queue_;
  std::thread thread_;

  // Of the driver thread alone.
  RetryPolicy retry_;
  CircuitBreaker breaker_;
  Link link_ = Link::kCreated;
  bool call_timed_out_ = false;  // the last write took longer than the sink's time limit
  uint32_t failures_ = 0;        // calls in a row
  uint32_t unusable_ = 0;        // instances in a row that took nothing
  Time resume_at_{};             // no call before
  KeptBatches batches_;          // what gathered_ points into
  Deliveries gathered_;          // of one source, in the order of lanes
  uint64_t gathered_bytes_ = 0;
  std::vector<Range> todo_;  // begun and not answered; the last is next
  size_t rest_ = 0;          // where in gathered_ the next write begins
  WaitingRoom waiting_;
  std::unordered_map<uint64_t, uint32_t> writer_of_;  // by source and lane
  std::optional<BatchPtr> next_;                      // from the queue, not looked at yet
  bool waiting_had_turn_ = false;  // when next_ and what waits are of different sources
  Deliveries overflow_;            // to go to the spool, older than what is in the queue
  KeptBatches overflow_batches_;   // what it points into
  Deliveries parked_;              // redriven records, which stay out of the spool
  KeptBatches parked_batches_;
  Time look_for_room_at_{};  // the spool took no more; not tried again before
  bool spool_had_turn_ = false;
  StandIn stand_in_;                      // with a spool
  Range calling_;                         // what of gathered_ is being written
  bool taken_over_ = false;               // what was held when the call began is not any more
  Deliveries lent_;                       // what the call has, by its outcomes
  KeptBatches lent_batches_;              // what the call points into
  bool lent_inside_ = false;              // lent_ is in the spool, unless it came from there
  std::vector<SinkSpool::Left> tickets_;  // then: of lent_
  std::vector<sluice_record> records_;
  std::vector<sluice_outcome> outcomes_;
  std::vector<PlacedDelivery> order_keys_;
  Deliveries sorted_;
  SinkMarks marks_;  // some of it any thread's
  bool keeps_marks_ = false;
  bool fenced_ = false;                     // the last write was
  std::shared_ptr<LetterReceipt> receipt_;  // of letters that marks must not pass; with marks only
  // Obligations met but not yet told: a run of one batch and segment each.
  struct Met {
    Batch* batch = nullptr;
    uint32_t segment = 0;
    uint32_t count = 0;
  };
  std::vector<Met> met_;
  std::vector<DeliveredParts> delivered_;  // not yet reported; before met_ is told

  std::atomic<bool> lanes_left_{false};  // and not looked at yet
  std::atomic<bool> woken_{false};       // somebody asks for something: serve_asks()
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> skipped_{0};
  std::atomic<uint64_t> effects_unknown_{0};
  std::atomic<uint64_t> waiting_records_{0};
  Mutex mutex_;
  CondVar opened_;
  std::optional<Status> first_open_ SLUICE_GUARDED_BY(mutex_);
  // How often the marks were asked for, and how many of those were answered.
  uint64_t marks_asked_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t marks_answered_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
