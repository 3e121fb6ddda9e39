// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool_record.h"

#include <zlib.h>

#include <algorithm>
#include <bit>

#include "runtime/base/byte_coding.h"
#include "runtime/store/text_ends.h"

namespace sluice::store {
namespace {

constexpr char kRecordForm = 1;
// Which optional texts follow.
constexpr uint32_t kHasValue = 1;
constexpr uint32_t kHasKey = 2;
constexpr uint32_t kHasRaw = 4;
constexpr uint32_t kHasRawKey = 8;
constexpr uint32_t kRawIsValue = 16;
constexpr uint32_t kRawKeyIsKey = 32;
constexpr uint32_t kCounted = 64;
constexpr uint32_t kRawEndsLikeValue = 128;
constexpr uint32_t kHasEpoch = 256;
constexpr uint32_t kAllBits = 511;
// Shared by fewer bytes the original is kept whole: naming the ends costs some itself.
constexpr size_t kLeastShared = 16;
constexpr size_t kTextBlock = 64 << 10;
constexpr size_t kChecksumBytes = 4;
// A header is at least its two lengths.
constexpr size_t kLeastHeader = 2;

// Which texts are kept, and how.
struct Form {
  uint32_t bits = 0;
  TextEnds shared;  // of the original and the value; with kRawEndsLikeValue

  // Of the original, what the value has not.
  [[nodiscard]] std::string_view middle(std::string_view raw) const {
    return raw.substr(shared.front, raw.size() - shared.front - shared.back);
  }
};

void form_raw(const SpoolRecord& record, Form& form) {
  if ((form.bits & kHasValue) == 0) {
    form.bits |= kHasRaw;
    return;
  }
  // A script mostly changes little: the ends are still those of the original.
  form.shared = shared_ends(record.value, record.raw);
  const size_t shared = form.shared.front + form.shared.back;
  if (shared == record.raw.size() && shared == record.value.size()) {
    form.bits |= kRawIsValue;
  } else {
    form.bits |= shared < kLeastShared ? kHasRaw : kRawEndsLikeValue;
  }
}

Form form_of(const SpoolRecord& record) {
  Form form;
  uint32_t& bits = form.bits;
  if (record.value.data() != nullptr) bits |= kHasValue;
  if (record.key.data() != nullptr) bits |= kHasKey;
  if (record.raw.data() != nullptr) form_raw(record, form);
  if (record.raw_key.data() != nullptr) {
    bits |= (bits & kHasKey) != 0 && record.key == record.raw_key ? kRawKeyIsKey : kHasRawKey;
  }
  if (record.counted) bits |= kCounted;
  if (record.epoch != 0) bits |= kHasEpoch;
  return form;
}

Status damaged(std::string_view what) {
  return {Code::kCorrupt, "a spooled record fails its check: " + std::string(what)};
}

std::string_view optional_text(ByteReader& in, uint32_t bits, uint32_t bit) {
  return (bits & bit) != 0 ? in.text() : std::string_view();
}

// False: the ends lie outside of the value.
bool read_raw(ByteReader& in, uint32_t bits, SpoolTexts& texts, SpoolRecord& out) {
  if ((bits & kRawIsValue) != 0) {
    out.raw = out.value;
  } else if ((bits & kRawEndsLikeValue) != 0) {
    const uint64_t front = in.varint();
    const uint64_t back = in.varint();
    if (front > out.value.size() || back > out.value.size() - front) return false;
    out.raw = texts.join(out.value.substr(0, front), in.text(),
                         out.value.substr(out.value.size() - back));
  } else {
    out.raw = optional_text(in, bits, kHasRaw);
  }
  return true;
}

bool read_body(ByteReader& in, uint32_t bits, SpoolTexts& texts, SpoolRecord& out) {
  out.source = in.text();
  out.lane = in.text();
  out.position = in.varint();
  out.part = in.varint32();
  out.epoch = (bits & kHasEpoch) != 0 ? in.varint32() : 0;
  out.flags = in.varint32();
  out.event_time_us = in.signed_varint();
  out.received_us = in.signed_varint();
  out.attempts = in.varint32();
  out.raw_flags = in.varint32();
  out.counted = (bits & kCounted) != 0;
  out.schema_version = in.text();
  out.script_hash = in.text();
  out.bundle_hash = in.text();
  out.reason = in.text();
  out.detail = in.text();
  out.sinks = in.text();
  out.value = optional_text(in, bits, kHasValue);
  out.key = optional_text(in, bits, kHasKey);
  if (!read_raw(in, bits, texts, out)) return false;
  out.raw_key = (bits & kRawKeyIsKey) != 0 ? out.key : optional_text(in, bits, kHasRawKey);
  const uint64_t headers = in.varint();
  out.headers.clear();
  if (headers > in.left() / kLeastHeader) return false;
  out.headers.reserve(headers);
  for (uint64_t i = 0; i < headers; ++i) {
    const std::string_view name = in.text();
    out.headers.push_back({name, in.text()});
  }
  return in.at_end();
}

}  // namespace

std::string_view SpoolTexts::join(std::string_view first, std::string_view second,
                                  std::string_view third) {
  const size_t size = first.size() + second.size() + third.size();
  if (blocks_.empty() || blocks_.back().size - used_ < size) {
    const size_t room = std::max(size, kTextBlock);
    blocks_.push_back({std::unique_ptr<char[]>(new char[room]), room});
    used_ = 0;
  }
  char* const begin = blocks_.back().bytes.get() + used_;
  char* at = begin;
  for (const std::string_view part : {first, second, third}) {
    at = std::copy(part.begin(), part.end(), at);
  }
  used_ += size;
  return {begin, size};
}

void SpoolTexts::clear() {
  if (blocks_.size() > 1) blocks_.erase(blocks_.begin() + 1, blocks_.end());
  used_ = 0;
}

uint32_t spool_record_checksum(uint64_t id, std::string_view body) {
  std::string name;
  append_big_endian(name, id);  // fits the small string: no allocation
  const auto* first = reinterpret_cast<const Bytef*>(name.data());
  const auto* rest = reinterpret_cast<const Bytef*>(body.data());
  return static_cast<uint32_t>(crc32_z(crc32_z(0, first, name.size()), rest, body.size()));
}

void encode_spool_record(uint64_t id, const SpoolRecord& record, std::string& out) {
  const Form form = form_of(record);
  const uint32_t bits = form.bits;
  out.clear();
  out += kRecordForm;
  append_varint(out, bits);
  append_text(out, record.source);
  append_text(out, record.lane);
  append_varint(out, record.position);
  append_varint(out, record.part);
  if (record.epoch != 0) append_varint(out, record.epoch);
  append_varint(out, record.flags);
  append_signed(out, record.event_time_us);
  append_signed(out, record.received_us);
  append_varint(out, record.attempts);
  append_varint(out, record.raw_flags);
  append_text(out, record.schema_version);
  append_text(out, record.script_hash);
  append_text(out, record.bundle_hash);
  append_text(out, record.reason);
  append_text(out, record.detail);
  append_text(out, record.sinks);
  if ((bits & kHasValue) != 0) append_text(out, record.value);
  if ((bits & kHasKey) != 0) append_text(out, record.key);
  if ((bits & kHasRaw) != 0) append_text(out, record.raw);
  if ((bits & kRawEndsLikeValue) != 0) {
    append_varint(out, form.shared.front);
    append_varint(out, form.shared.back);
    append_text(out, form.middle(record.raw));
  }
  if ((bits & kHasRawKey) != 0) append_text(out, record.raw_key);
  append_varint(out, record.headers.size());
  for (const SpoolHeader& header : record.headers) {
    append_text(out, header.name);
    append_text(out, header.value);
  }
  append_big_endian(out, spool_record_checksum(id, out));
}

Status decode_spool_record(uint64_t id, std::string_view bytes, SpoolTexts& texts,
                           SpoolRecord& out) {
  if (bytes.size() < 2 + kChecksumBytes) {
    return damaged("it has " + std::to_string(bytes.size()) + " bytes");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  ByteReader end(bytes.substr(body.size()));
  if (end.big_endian<uint32_t>() != spool_record_checksum(id, body)) {
    return damaged("its checksum is another");
  }
  if (body.front() != kRecordForm) {
    return damaged("its form is " + std::to_string(static_cast<unsigned char>(body.front())) +
                   ", this program knows 1");
  }
  ByteReader in(body.substr(1));
  const uint32_t bits = in.varint32();
  const int raws = std::popcount(bits & (kRawIsValue | kHasRaw | kRawEndsLikeValue));
  const bool key_twice = (bits & kRawKeyIsKey) != 0 && (bits & kHasRawKey) != 0;
  if ((bits & ~kAllBits) != 0 || raws > 1 || key_twice) {
    return damaged("its flags are none of ours");
  }
  if (!read_body(in, bits, texts, out)) return damaged("its lengths do not add up");
  return Status::ok();
}

uint64_t spool_record_size(const SpoolRecord& record) {
  const auto text_size = [](std::string_view text) {
    return varint_size(text.size()) + text.size();
  };
  const Form form = form_of(record);
  const uint32_t bits = form.bits;
  uint64_t size = 1 + varint_size(bits) + kChecksumBytes;
  for (const uint64_t number :
       {record.position, uint64_t{record.part}, uint64_t{record.flags},
        folded(record.event_time_us), folded(record.received_us), uint64_t{record.attempts},
        uint64_t{record.raw_flags}, uint64_t{record.headers.size()}}) {
    size += varint_size(number);
  }
  for (const std::string_view text :
       {record.source, record.lane, record.schema_version, record.script_hash, record.bundle_hash,
        record.reason, record.detail, record.sinks}) {
    size += text_size(text);
  }
  if (record.epoch != 0) size += varint_size(record.epoch);
  if ((bits & kHasValue) != 0) size += text_size(record.value);
  if ((bits & kHasKey) != 0) size += text_size(record.key);
  if ((bits & kHasRaw) != 0) size += text_size(record.raw);
  if ((bits & kRawEndsLikeValue) != 0) {
    size += varint_size(form.shared.front) + varint_size(form.shared.back);
    size += text_size(form.middle(record.raw));
  }
  if ((bits & kHasRawKey) != 0) size += text_size(record.raw_key);
  for (const SpoolHeader& header : record.headers) {
    size += text_size(header.name) + text_size(header.value);
  }
  return size;
}

}  // namespace sluice::store
