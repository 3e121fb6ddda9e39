// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sluice/plugin.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/common/kafka_errors.h"
#include "plugins/common/kafka_handles.h"
#include "plugins/common/stop_signal.h"
#include "plugins/sources/kafka/commit_note.h"
#include "plugins/sources/kafka/committer.h"
#include "plugins/sources/kafka/event_block.h"
#include "plugins/sources/kafka/lag_board.h"
#include "plugins/sources/kafka/lag_topic.h"
#include "plugins/sources/kafka/options.h"
#include "plugins/sources/kafka/partitions.h"
#include "plugins/sources/kafka/statistics.h"

namespace sluice::kafka_source {

// A finite run that has read its own partitions looks at those of the group's other members.
struct OtherMembers {
  std::map<std::string, std::int64_t> ends;       // by lane, as they were at the first look
  std::int64_t sum = 0;                           // of their committed offsets
  std::chrono::steady_clock::time_point moved{};  // when it last changed
  std::chrono::steady_clock::time_point due{};    // the next look
  bool told = false;
};

// The `kafka` source: a member of a consumer group. A partition is a lane, an offset a position.
// Records are the client's messages as they came, kept until the batch is released. The client
// speaks through events on one queue, so nothing happens but inside a call of the host's: a change
// of the partitions waits until all that was read before it is handed over.
class KafkaSource {
 public:
  KafkaSource(Context context, const Config& config);
  ~KafkaSource();
  KafkaSource(const KafkaSource&) = delete;
  KafkaSource& operator=(const KafkaSource&) = delete;

  void open();
  Poll poll(const PollLimits& limits, BatchBuilder& out);
  void ack(std::span<const sluice_mark> marks);
  void stop() noexcept { stop_.stop(); }
  void close();
  const void* extension(std::string_view id);

  // sluice.source.replay/1, after open. A source that reads ranges is no member of the group and
  // commits nothing.
  void estimate(std::int64_t from_us, std::int64_t to_us, void (*each)(void*, const sluice_range*),
                void* ctx);
  void read(const sluice_range* const* ranges, std::uint32_t count);

  // sluice.source.places/1, after open, in place of polls.
  void list_places(std::int64_t at_us, void (*each)(void*, const sluice_lane_state*), void* ctx);
  void store_places(std::span<const sluice_lane_state* const> places);

  // [any] For the lag extension.
  LagBoard& lag() { return board_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Event = common::kafka::Event;

  // A message that came when the host had no room; its lane tells whose it is.
  struct Waiting {
    Event event;
    const rd_kafka_message_t* message;
  };

  // source_open.cc
  void start_client();
  void wait_for_brokers();
  void check_topics();
  void subscribe();

  // source_replay.cc
  static const sluice_source_replay* replay_table();
  void begin_replay();
  common::kafka::Partitions partitions_there();

  // source_places.cc
  struct Members {
    std::size_t count = 0;
    std::map<std::string, std::string> of;  // who has a lane
  };
  static const sluice_source_places* places_table();
  Event answer_on(rd_kafka_queue_t* queue, const std::string& what);
  Members members_of_group();
  void commit_places(const rd_kafka_topic_partition_list_t& list);
  void forget_places(const rd_kafka_topic_partition_list_t& list);

  // poll
  void join();
  Poll keep_alive();
  Poll collect(const PollLimits& limits, BatchBuilder& out);
  Event next_event(std::chrono::milliseconds wait);
  bool take(Event event, BatchBuilder& out, std::shared_ptr<EventBlock>& block);
  bool take_message(Waiting next, BatchBuilder& out, std::shared_ptr<EventBlock>& block);
  void add(const rd_kafka_message_t& message, Partition& partition, EventBlock& block,
           BatchBuilder& out);
  bool skipped(const rd_kafka_message_t& message, Partition& partition);
  void settle_changes();
  void pause(bool paused);
  void look_at_lag(bool now);
  [[nodiscard]] std::string snapshot_of(const std::vector<LagBoard::Row>& rows, std::int64_t total,
                                        std::int64_t captured_us) const;
  void tell_once(std::int32_t level, const std::string& text);

  // source_statistics.cc
  bool note_statistics(rd_kafka_event_t* event);

  // source_errors.cc
  bool note_end(rd_kafka_event_t* event);
  [[nodiscard]] std::string all_down(rd_kafka_resp_err_t error, const std::string& text) const;
  void on_error(rd_kafka_event_t* event);
  void on_fatal();
  void on_partition_error(rd_kafka_resp_err_t error, const std::string& text,
                          const rd_kafka_topic_partition_t& where);
  void on_unreadable(rd_kafka_resp_err_t error, const std::string& text,
                     const rd_kafka_topic_partition_t& where);
  void check_down();

  // source_close.cc
  void leave_group(std::chrono::milliseconds limit);
  bool has_left(Clock::time_point deadline);
  void give_back(Event event);
  void end_first_join(std::chrono::milliseconds limit);

  // source_rebalance.cc
  void on_rebalance(rd_kafka_event_t* event);
  void on_assigned(const rd_kafka_topic_partition_list_t& list);
  std::vector<sluice_lane_place> places_of(const rd_kafka_topic_partition_list_t& committed);
  Partition partition_of(const rd_kafka_topic_partition_t& committed,
                         const sluice_lane_place& place);
  void assign_anew(const Partition& partition);
  void on_revoked(const rd_kafka_topic_partition_list_t& list);
  void unassign(const rd_kafka_topic_partition_list_t& list);
  void forget(const rd_kafka_topic_partition_list_t& list);
  void tell_committed(const rd_kafka_topic_partition_list_t& committed);

  // source_start.cc
  void ask_broker(const std::string& what, const std::function<rd_kafka_resp_err_t(int)>& ask);
  common::kafka::Partitions committed_of(const rd_kafka_topic_partition_list_t& list);
  std::optional<std::int64_t> start_to_apply(const rd_kafka_topic_partition_t& committed,
                                             const std::optional<CommitNote>& note);
  std::int64_t start_of(const std::string& topic, std::int32_t number, std::int64_t committed,
                        const sluice_lane_place& place);
  struct Range {
    std::int64_t low = 0;
    std::int64_t high = 0;
  };
  Range watermarks(const std::string& topic, std::int32_t number);
  void reset_offset(Partition& partition);
  void begin_lane_anew(Partition& partition);
  void begin_epoch_at(const Partition& partition);

  // source_until.cc
  std::int64_t end_of(const std::string& topic, std::int32_t number);
  std::int64_t offset_at(const std::string& topic, std::int32_t number, std::int64_t time_ms);
  bool all_ended();
  bool others_ended();
  bool read_to_end(const rd_kafka_topic_partition_t& committed);
  common::kafka::Partitions partitions_of_others();
  void tell_of_others(int open, bool given_up);

  Context context_;
  common::kafka::ClientLog log_;
  Options options_;
  common::StopSignal stop_;
  PartitionTable table_;
  Committer committer_;
  LagBoard board_;

  common::kafka::Client client_;
  common::kafka::Queue queue_;   // everything the client has to say
  std::deque<Waiting> waiting_;  // messages taken off the queue that no batch had room for
  Event change_;                 // what has to wait until the records before it are handed over
  bool assigned_ = false;        // the group has given us partitions, if only none
  struct ReplayRange {
    std::string topic;
    std::int32_t number = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  Statistics told_statistics_;  // up to where counters were told
  bool replaying_ = false;      // only the ranges are read
  std::vector<ReplayRange> replay_;
  std::optional<OtherMembers> others_;
  bool subscribed_ = false;
  bool left_ = false;             // the group; nothing can be done with the client any more
  common::kafka::Queue leaving_;  // what the client says from then on
  bool abandoned_ = false;        // destroying the client would end the process, or never return
  bool paused_ = false;
  Clock::time_point last_room_{};  // when the host last had room for records
  Clock::time_point lag_due_{};
  Clock::time_point lag_told_{};
  Clock::time_point lag_written_{};
  LagTopic lag_topic_;
  std::string down_;          // why no broker answers; empty: one does
  std::string doubt_;         // why none may answer; empty: nothing says so
  std::string last_trouble_;  // what the client last said of a connection
  bool told_committed_ = false;
  std::set<std::string> told_;
};

}  // namespace sluice::kafka_source
