// SPDX-License-Identifier: Apache-2.0
// Input: a message as a list of pairs (see pair_list.h), key and value first, then its headers.
// What passes for a letter must come out the same when it is written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/store/letter_message.h"
#include "runtime/store/pair_list.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void require_same(const sluice::DeadLetter& a, const sluice::DeadLetter& b) {
  require(sluice::letter_json(a, true) == sluice::letter_json(b, true));
  require(a.id == b.id && a.raw == b.raw && a.rendered == b.rendered && a.key == b.key);
  require(a.rendered_key == b.rendered_key && a.headers == b.headers && a.fields == b.fields);
  require(a.done_sinks == b.done_sinks && a.lane == b.lane && a.detail == b.detail);
  require(a.first_at_us == b.first_at_us && a.last_at_us == b.last_at_us);
  require(a.flags == b.flags && a.no_value == b.no_value && a.answered == b.answered);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto pairs = sluice::store::decode_pairs({reinterpret_cast<const char*>(data), size});
  if (!pairs || pairs->empty()) return 0;
  sluice::store::TopicMessage message;
  message.key = pairs->front().first;
  message.value = pairs->front().second;
  message.headers.assign(pairs->begin() + 1, pairs->end());
  const auto letter = sluice::store::letter_of_message(message);
  if (!letter.is_ok()) {
    require(!letter.status().message().empty());
    return 0;
  }
  require(sluice::store::is_letter_message(message));
  const auto again = sluice::store::letter_of_message(sluice::store::message_of(*letter));
  require(again.is_ok());
  require_same(*again, *letter);
  return 0;
}
