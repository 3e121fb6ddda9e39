// SPDX-License-Identifier: Apache-2.0
// POST /admin/offsets: a running source goes on at another place.
#include <charconv>

#include "runtime/admin/query.h"
#include "runtime/admin/runtime_backend.h"
#include "runtime/base/log.h"

namespace sluice {
namespace {

Result<uint64_t> parse_position(const std::string& name, const std::string& value) {
  uint64_t position = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), position);
  if (error == std::errc() && end == value.data() + value.size()) return position;
  return invalid(name + ": '" + value + "' is not a position (a whole number)");
}

Result<CheckpointMove> parse_offsets_move(std::string_view query) {
  SLUICE_ASSIGN_OR_RETURN(const auto given, admin::parse_query(query));
  CheckpointMove move;
  for (const auto& [name, value] : given) {
    if (name == "source") {
      move.source = value;
    } else if (name == "all") {
      move.all = value == "true";
    } else if (name == "lane") {
      move.lanes.push_back({value, std::nullopt});
    } else if (name == "settled" || name == "reached") {
      SLUICE_ASSIGN_OR_RETURN(const uint64_t position, parse_position(name, value));
      if (move.lanes.empty()) return invalid(name + " is of the lane before it, and there is none");
      (name == "settled" ? move.lanes.back().settled : move.lanes.back().reached) = position;
    } else {
      return invalid("'" + name +
                     "' is not known here; use source, all, and lane, each with settled and "
                     "reached");
    }
  }
  if (move.source.empty()) return invalid("source: expected the name of a source");
  if (move.all != move.lanes.empty()) {
    return invalid("expected either all=true, or lanes and where they go on");
  }
  return move;
}

}  // namespace

AdminBackend::Reply RuntimeBackend::move_offsets(std::string_view query) {
  auto move = parse_offsets_move(query);
  if (!move) return refused(move.status());
  const std::string source = move->source;
  const auto epoch = runtime_.move_source(std::move(move).value());
  if (!epoch) return refused(epoch.status());
  log::info("offsets.moved", "an operator moved the source", {{"source", source}});
  Reply reply;
  reply.members = "\"epoch\":" + std::to_string(*epoch);
  return reply;
}

}  // namespace sluice
