// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/statistics.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>

namespace sluice::kafka_source {
namespace {

constexpr double kMicroseconds = 1e6;
constexpr double kMilliseconds = 1e3;

// What a member's name means where it stands; of most nothing is wanted.
enum class Place : std::uint8_t {
  kOther,
  kBrokers,
  kTopics,
  kPartitions,
  kAny,  // the name of a broker, topic or partition
  kRoundTrip,
  kThrottle,
  kAverage,
  kState,
  kSource,
  kRequests,
  kSentBytes,
  kResponses,
  kReceivedBytes,
  kTimeouts,
  kSendErrors,
  kReceiveErrors,
  kWaiting,
  kFetchedRecords,
  kFetchedBytes,
};

struct Name {
  std::string_view text;
  Place key;
};

constexpr std::array kTopNames = {
    Name{"brokers", Place::kBrokers}, Name{"topics", Place::kTopics},
    Name{"tx", Place::kRequests},     Name{"tx_bytes", Place::kSentBytes},
    Name{"rx", Place::kResponses},    Name{"rx_bytes", Place::kReceivedBytes}};
constexpr std::array kBrokerNames = {
    Name{"state", Place::kState},           Name{"source", Place::kSource},
    Name{"rtt", Place::kRoundTrip},         Name{"throttle", Place::kThrottle},
    Name{"req_timeouts", Place::kTimeouts}, Name{"txerrs", Place::kSendErrors},
    Name{"rxerrs", Place::kReceiveErrors},  Name{"waitresp_cnt", Place::kWaiting}};
constexpr std::array kWindowNames = {Name{"avg", Place::kAverage}};
constexpr std::array kTopicNames = {Name{"partitions", Place::kPartitions}};
constexpr std::array kPartitionNames = {Name{"fetchq_cnt", Place::kFetchedRecords},
                                        Name{"fetchq_size", Place::kFetchedBytes}};

template <std::size_t N>
Place key_among(const std::array<Name, N>& names, std::string_view text) {
  const auto at = std::find_if(names.begin(), names.end(),
                               [text](const Name& name) { return name.text == text; });
  return at == names.end() ? Place::kOther : at->key;
}

// Follows the members' names down to where the numbers stand.
class Handler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Handler> {
 public:
  bool Default() { return true; }
  bool StartObject() {
    ++depth_;
    if (depth_ <= kDeepest) path_[depth_ - 1] = Place::kOther;
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    --depth_;
    if (depth_ == 2 && path_[0] == Place::kBrokers) end_broker();
    return true;
  }
  // Within arrays nothing is wanted.
  bool StartArray() {
    ++arrays_;
    return true;
  }
  bool EndArray(rapidjson::SizeType) {
    --arrays_;
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (arrays_ == 0 && depth_ >= 1 && depth_ <= kDeepest) {
      path_[depth_ - 1] = name_at({text, size});
    }
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (arrays_ != 0 || depth_ != 3 || path_[0] != Place::kBrokers) return true;
    const std::string_view value(text, size);
    if (path_[2] == Place::kState) up_ = value == "UP" || value == "UPDATE";
    // "internal" and "logical" ones are the client's own inventions.
    if (path_[2] == Place::kSource) real_ = value == "learned" || value == "configured";
    return true;
  }
  bool Int(int value) { return number(value); }
  bool Uint(unsigned value) { return number(value); }
  bool Int64(std::int64_t value) { return number(static_cast<double>(value)); }
  bool Uint64(std::uint64_t value) { return number(static_cast<double>(value)); }
  bool Double(double value) { return number(value); }

  [[nodiscard]] const Statistics& found() const { return found_; }

 private:
  static constexpr std::size_t kDeepest = 5;

  [[nodiscard]] Place name_at(std::string_view text) const {
    switch (depth_) {
      case 1:
        return key_among(kTopNames, text);
      case 2:
        return Place::kAny;
      case 3:
        if (path_[0] == Place::kBrokers) return key_among(kBrokerNames, text);
        return path_[0] == Place::kTopics ? key_among(kTopicNames, text) : Place::kOther;
      case 4:
        if (path_[2] == Place::kRoundTrip || path_[2] == Place::kThrottle) {
          return key_among(kWindowNames, text);
        }
        // "-1" is the client's place for what has no partition yet.
        return path_[2] == Place::kPartitions && text != "-1" ? Place::kAny : Place::kOther;
      default:
        return path_[2] == Place::kPartitions && path_[3] == Place::kAny
                   ? key_among(kPartitionNames, text)
                   : Place::kOther;
    }
  }

  bool number(double value) {
    if (arrays_ != 0 || depth_ == 0 || depth_ > kDeepest) return true;
    const Place key = path_[depth_ - 1];
    if (depth_ == 1) top(key, value);
    if (depth_ == 3 && path_[0] == Place::kBrokers) broker(key, value);
    if (depth_ == 4 && path_[0] == Place::kBrokers && key == Place::kAverage) window(value);
    if (depth_ == 5 && key == Place::kFetchedRecords) found_.fetched_records += value;
    if (depth_ == 5 && key == Place::kFetchedBytes) found_.fetched_bytes += value;
    return true;
  }

  void top(Place key, double value) {
    if (key == Place::kRequests) found_.requests = value;
    if (key == Place::kSentBytes) found_.sent_bytes = value;
    if (key == Place::kResponses) found_.responses = value;
    if (key == Place::kReceivedBytes) found_.received_bytes = value;
  }

  void broker(Place key, double value) {
    if (key == Place::kTimeouts) found_.request_timeouts += value;
    if (key == Place::kSendErrors || key == Place::kReceiveErrors) found_.request_errors += value;
    if (key == Place::kWaiting) found_.waiting_requests += value;
  }

  // Both windows are averages of the last interval, in different units.
  void window(double value) {
    if (path_[2] == Place::kRoundTrip) {
      found_.round_trip_seconds = std::max(found_.round_trip_seconds, value / kMicroseconds);
    } else {
      found_.throttle_seconds = std::max(found_.throttle_seconds, value / kMilliseconds);
    }
  }

  void end_broker() {
    if (up_ && real_) ++found_.brokers_up;
    up_ = false;
    real_ = false;
  }

  Statistics found_;
  std::array<Place, kDeepest> path_{};
  std::size_t depth_ = 0;
  std::size_t arrays_ = 0;
  bool up_ = false;
  bool real_ = false;
};

}  // namespace

std::optional<Statistics> read_statistics(std::string_view json) {
  Handler handler;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(json.data(), json.size());
  const auto result = reader.Parse<rapidjson::kParseIterativeFlag>(stream, handler);
  if (result.IsError()) return std::nullopt;
  return handler.found();
}

}  // namespace sluice::kafka_source
