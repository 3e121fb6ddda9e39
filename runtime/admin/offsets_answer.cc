// SPDX-License-Identifier: Apache-2.0
// POST /admin/offsets: a running source goes on at another place.
#include <charconv>

#include "runtime/admin/query.h"
#include "runtime/admin/runtime_backend.h"
#include "runtime/base/log.h"

namespace sluice {
namespace {

Result<CheckpointMove> parse_offsets_move(std::string_view query) {
  SLUICE_ASSIGN_OR_RETURN(const auto given, admin::parse_query(query));
  CheckpointMove move;
  std::optional<uint64_t> settled;
  for (const auto& [name, value] : given) {
    if (name == "source") {
      move.source = value;
    } else if (name == "all") {
      move.all = value == "true";
    } else if (name == "lane") {
      move.lanes.push_back({value, std::nullopt});
    } else if (name == "settled") {
      uint64_t position = 0;
      const auto [end, error] =
          std::from_chars(value.data(), value.data() + value.size(), position);
      if (error != std::errc() || end != value.data() + value.size()) {
        return invalid("settled: '" + value + "' is not a position (a whole number)");
      }
      settled = position;
    } else {
      return invalid("'" + name + "' is not known here; use source, all, lane and settled");
    }
  }
  if (move.source.empty()) return invalid("source: expected the name of a source");
  if (move.all != move.lanes.empty() || (move.all && settled)) {
    return invalid("expected either all=true, or lanes and where they go on");
  }
  for (CheckpointMove::Lane& lane : move.lanes) lane.settled = settled;
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
