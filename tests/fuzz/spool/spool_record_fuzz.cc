// SPDX-License-Identifier: Apache-2.0
// Input: a spooled record without its checksum, which would keep nearly every input out. Whatever
// passes must come out the same when it is written and read again, and lie within the input. The
// same bytes go to the readers of the smaller values.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/base/byte_coding.h"
#include "runtime/store/spool_files.h"
#include "runtime/store/spool_record.h"

namespace {

using sluice::SpoolRecord;

constexpr uint64_t kId = 7;

void require(bool holds) {
  if (!holds) std::abort();
}

bool same_text(std::string_view a, std::string_view b) {
  return a == b && (a.data() == nullptr) == (b.data() == nullptr);
}

void require_same(const SpoolRecord& a, const SpoolRecord& b) {
  require(same_text(a.source, b.source) && same_text(a.lane, b.lane));
  require(a.position == b.position && a.part == b.part && a.flags == b.flags);
  require(a.epoch == b.epoch);
  require(same_text(a.value, b.value) && same_text(a.key, b.key));
  require(same_text(a.raw, b.raw) && same_text(a.raw_key, b.raw_key));
  require(a.event_time_us == b.event_time_us && a.received_us == b.received_us);
  require(same_text(a.schema_version, b.schema_version) && a.attempts == b.attempts);
  require(same_text(a.script_hash, b.script_hash) && same_text(a.bundle_hash, b.bundle_hash));
  require(same_text(a.reason, b.reason) && same_text(a.detail, b.detail));
  require(same_text(a.sinks, b.sinks) && a.raw_flags == b.raw_flags && a.counted == b.counted);
  require(a.headers.size() == b.headers.size());
  for (size_t i = 0; i < a.headers.size(); ++i) {
    require(a.headers[i].name == b.headers[i].name && a.headers[i].value == b.headers[i].value);
  }
}

void record(std::string_view body) {
  std::string bytes(body);
  sluice::append_big_endian(bytes, sluice::store::spool_record_checksum(kId, body));
  sluice::store::SpoolTexts texts;
  SpoolRecord out;
  const sluice::Status read = sluice::store::decode_spool_record(kId, bytes, texts, out);
  if (!read) {
    require(!read.message().empty());
    return;
  }
  // The original may be put together from its own part and the value's, which are inside.
  require(out.raw.size() <= out.value.size() + bytes.size());
  for (const std::string_view text : {out.source, out.lane, out.value, out.detail}) {
    if (text.empty()) continue;
    require(text.data() >= bytes.data());
    require(text.data() + text.size() <= bytes.data() + bytes.size());
  }
  std::string again;
  sluice::store::encode_spool_record(kId, out, again);
  require(again.size() == sluice::store::spool_record_size(out));
  SpoolRecord twice;
  require(bool(sluice::store::decode_spool_record(kId, again, texts, twice)));
  require_same(out, twice);
}

void small_values(std::string_view bytes) {
  using namespace sluice::store;  // NOLINT(google-build-using-namespace): all of it is meant
  if (const auto entry = decode_spool_entry(bytes)) {
    const auto twice = decode_spool_entry(encode_spool_entry(*entry));
    require(twice && twice->position == entry->position && twice->spooled_us == entry->spooled_us);
  }
  if (const auto name = decode_lane_name(bytes)) {
    const auto twice = decode_lane_name(encode_lane_name(name->source, name->lane));
    require(twice && twice->source == name->source && twice->lane == name->lane);
  }
  if (const auto bad = decode_damaged(kId, bytes)) {
    const auto twice = decode_damaged(kId, encode_damaged(*bad));
    require(twice && twice->bytes == bad->bytes && twice->why == bad->why);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  record(bytes);
  sluice::store::SpoolTexts texts;
  SpoolRecord ignored;
  (void)sluice::store::decode_spool_record(kId, bytes, texts, ignored);
  small_values(bytes);
  return 0;
}
