// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/checkpoint_json.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice {
namespace {

using Value = rapidjson::Value;

const Value* json_member(const Value& object, const char* name) {
  const auto at = object.FindMember(name);
  return at == object.MemberEnd() ? nullptr : &at->value;
}

uint64_t json_number(const Value& object, const char* name) {
  const Value* const value = json_member(object, name);
  return value != nullptr && value->IsUint64() ? value->GetUint64() : 0;
}

std::string json_name(const Value& name) { return {name.GetString(), name.GetStringLength()}; }

template <typename Writer>
void put_key(Writer& writer, std::string_view text) {
  writer.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

template <typename Writer>
void put_text(Writer& writer, std::string_view value) {
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

}  // namespace

std::string checkpoint_json(const SourceCheckpoint& checkpoint, int64_t now_us) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  writer.StartObject();
  put_key(writer, "lanes");
  writer.StartObject();
  for (const LaneMark& lane : checkpoint.lanes) {
    put_key(writer, lane.lane);
    writer.Uint64(lane.position);
  }
  writer.EndObject();
  put_key(writer, "epoch");
  writer.Uint(checkpoint.epoch);
  if (!checkpoint.again.empty()) {
    put_key(writer, "again");
    writer.StartObject();
    for (const LaneAgain& again : checkpoint.again) {
      put_key(writer, again.lane);
      writer.StartObject();
      put_key(writer, "epoch");
      writer.Uint(again.epoch);
      put_key(writer, "until");
      writer.Uint64(again.until);
      writer.EndObject();
    }
    writer.EndObject();
  }
  if (checkpoint.highest_event_time_us != 0) {
    put_key(writer, "highest_event_time_us");
    writer.Int64(checkpoint.highest_event_time_us);
    put_key(writer, "highest_event_time");
    put_text(writer, format_time_us(checkpoint.highest_event_time_us));
  }
  put_key(writer, "updated_at_us");
  writer.Int64(now_us);
  put_key(writer, "updated_at");
  put_text(writer, format_time_us(now_us));
  writer.EndObject();
  return {out.GetString(), out.GetSize()};
}

Result<SourceCheckpoint> parse_checkpoint_json(std::string_view text) {
  rapidjson::Document document;
  // Iterative: how deep it is must not matter.
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError()) {
    return Status(Code::kCorrupt, std::string("it is not JSON: ") +
                                      rapidjson::GetParseError_En(document.GetParseError()) +
                                      " at byte " + std::to_string(document.GetErrorOffset()));
  }
  if (!document.IsObject()) return Status(Code::kCorrupt, "it is not a JSON object");
  SourceCheckpoint out;
  if (const Value* lanes = json_member(document, "lanes"); lanes != nullptr && lanes->IsObject()) {
    for (const auto& lane : lanes->GetObject()) {
      if (!lane.value.IsUint64()) {
        return Status(Code::kCorrupt,
                      "/lanes/" + json_name(lane.name) + " is not a position (a whole number)");
      }
      out.lanes.push_back({json_name(lane.name), lane.value.GetUint64()});
    }
  }
  std::sort(out.lanes.begin(), out.lanes.end(),
            [](const LaneMark& a, const LaneMark& b) { return a.lane < b.lane; });
  out.epoch = static_cast<uint32_t>(json_number(document, "epoch"));
  if (const Value* all = json_member(document, "again"); all != nullptr && all->IsObject()) {
    for (const auto& again : all->GetObject()) {
      if (!again.value.IsObject()) continue;
      out.again.push_back({json_name(again.name),
                           static_cast<uint32_t>(json_number(again.value, "epoch")),
                           json_number(again.value, "until")});
    }
  }
  out.highest_event_time_us = static_cast<int64_t>(json_number(document, "highest_event_time_us"));
  out.updated_at_us = static_cast<int64_t>(json_number(document, "updated_at_us"));
  return out;
}

}  // namespace sluice
