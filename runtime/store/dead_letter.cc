// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/dead_letter.h"

#include <array>

#include "runtime/base/sha256.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

void hash_number(Sha256& hash, uint64_t value) {
  char bytes[8];
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  hash.update({bytes, sizeof bytes});
}

void hash_text(Sha256& hash, std::string_view text) {
  hash_number(hash, text.size());
  hash.update(text);
}

// Builds one object, member by member.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  void name(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, key);
    out_ += ':';
  }
  void text(std::string_view key, std::string_view value) {
    name(key);
    append_json_string(out_, value);
  }
  void text_or_null(std::string_view key, std::string_view value) {
    if (!value.empty()) return text(key, value);
    literal(key, "null");
  }
  void literal(std::string_view key, std::string_view value) {
    name(key);
    out_ += value;
  }
  // As text when it is text, else under <key>_base64, so that no byte is changed.
  void bytes(std::string_view key, std::string_view value) {
    if (is_utf8(value)) return text(key, value);
    literal(key, "null");
    text(std::string(key) + "_base64", to_base64(value));
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_headers(std::string& out, const DeadLetter& letter) {
  out += '[';
  for (const auto& [name, value] : letter.headers) {
    if (out.back() != '[') out += ',';
    JsonObject header(out);
    header.bytes("name", name);
    header.bytes("value", value);
    header.end();
  }
  out += ']';
}

void append_names(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  for (const std::string& name : names) {
    if (out.back() != '[') out += ',';
    append_json_string(out, name);
  }
  out += ']';
}

void append_fields(std::string& out, const DeadLetter& letter) {
  JsonObject fields(out);
  for (const auto& [pointer, value] : letter.fields) fields.text(pointer, value);
  fields.end();
}

}  // namespace

std::string letter_id(const DeadLetter& letter) {
  Sha256 hash;
  hash.reset();
  hash_text(hash, letter.pipeline);
  hash_text(hash, letter.source);
  hash_text(hash, letter.lane);
  hash_number(hash, letter.position);
  hash_number(hash, letter.part);
  // Tagged, or a sink named "parse" would share ids with the stage.
  hash_text(hash, letter.sink.empty() ? "stage" : "sink");
  hash_text(hash, letter.sink.empty() ? letter.stage : letter.sink);
  hash_text(hash, letter.raw);
  const Sha256Digest digest = hash.finish();
  return to_hex(digest);
}

bool is_retryable_reason(std::string_view reason) {
  return reason == "SINK_TIMEOUT" || reason == "CONNECTION_ERROR" || reason == "RATE_LIMITED" ||
         reason == "CIRCUIT_OPEN";
}

std::string_view correlation_of(const DeadLetter& letter) {
  constexpr std::array<std::string_view, 4> kNames = {"traceparent", "correlation-id",
                                                      "x-correlation-id", "x-request-id"};
  const auto same = [](std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
      if (c != b[i]) return false;
    }
    return true;
  };
  for (const std::string_view name : kNames) {
    for (const auto& [header, value] : letter.headers) {
      if (same(header, name)) return value;
    }
  }
  return {};
}

std::string letter_json(const DeadLetter& letter, bool full) {
  std::string out;
  out.reserve(512 + (full ? letter.raw.size() * 3 / 2 : 0));
  JsonObject object(out);
  object.text("id", letter.id);
  object.text("tenant", letter.tenant);
  object.text("pipeline", letter.pipeline);
  object.text("reason", letter.reason);
  object.literal("retryable", is_retryable_reason(letter.reason) ? "true" : "false");
  object.text("stage", letter.stage);
  if (!letter.sink.empty()) object.text("sink", letter.sink);
  object.text("detail", letter.detail);
  object.text_or_null("pointer", letter.pointer);
  if (full) object.text("raw_base64", to_base64(letter.raw));
  if (letter.masked) object.literal("masked", "true");
  if (full && !letter.rendered.empty()) {
    object.text("rendered_base64", to_base64(letter.rendered));
  }
  if (letter.key) {
    object.bytes("key", *letter.key);
  } else {
    object.literal("key", "null");
  }
  if (full) {
    object.name("headers");
    append_headers(out, letter);
  }
  object.text("source", letter.source);
  object.text("lane", letter.lane);
  object.literal("position", std::to_string(letter.position));
  object.literal("part", std::to_string(letter.part));
  if (letter.event_time_us != 0) object.text("event_time", format_time_us(letter.event_time_us));
  object.text_or_null("schema_version", letter.schema_version);
  object.text_or_null("script_hash", letter.script_hash);
  object.text_or_null("bundle_hash", letter.bundle_hash);
  object.literal("attempts", std::to_string(letter.attempts));
  object.literal("redrives", std::to_string(letter.redrives));
  object.text("first_reason", letter.first_reason.empty() ? letter.reason : letter.first_reason);
  if (const std::string_view id = correlation_of(letter); !id.empty()) {
    object.bytes("correlation", id);
  }
  if (letter.stage == "deliver") {
    object.name("done_sinks");
    append_names(out, letter.done_sinks);
  }
  object.text("first_at", format_time_us(letter.first_at_us));
  object.text("last_at", format_time_us(letter.last_at_us));
  object.name("fields");
  append_fields(out, letter);
  object.end();
  return out;
}

}  // namespace sluice
