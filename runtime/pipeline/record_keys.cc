// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/record_keys.h"

#include "runtime/base/check.h"
#include "runtime/base/sha256_batch.h"

namespace sluice {
namespace {

using Mode = IdempotencyConfig::Key;

void append_with_length(std::string& out, std::string_view text) {
  for (size_t i = 0; i < 8; ++i) {
    out += static_cast<char>(static_cast<uint64_t>(text.size()) >> (8 * i));
  }
  out += text;
}

}  // namespace

std::unique_ptr<RecordKeys> RecordKeys::create(const PipelineConfig& config) {
  if (!wanted(config)) return nullptr;
  return std::unique_ptr<RecordKeys>(new RecordKeys(config));
}

RecordKeys::RecordKeys(const PipelineConfig& config) : config_(config.idempotency) {
  append_with_length(prefix_, config.tenant);
  append_with_length(prefix_, config.name);
  // Without it, keys read from elsewhere could be taken for those of before a change.
  if (config_.key == Mode::kRaw) append_with_length(prefix_, "raw");
  if (config_.key == Mode::kHeader) append_with_length(prefix_, "header " + config_.header);
  for (const std::string& text : config_.pointers) {
    auto pointer = JsonPointer::parse(text);
    SLUICE_CHECK(pointer.is_ok(), "a pointer that the configuration let pass is none");
    pointers_.push_back(std::move(pointer).value());
    append_with_length(prefix_, text);
  }
}

void RecordKeys::begin(Batch& batch) {
  texts_.clear();
  places_.clear();
  unkeyed_ = 0;
  // During a rollout two of us share a batch.
  if (!batch.keeps_keys()) batch.keep_keys();
}

void RecordKeys::read(const Batch& batch, uint32_t record, const Document* parsed) {
  const size_t begin = texts_.size();
  texts_ += prefix_;
  // What was marked as done in earlier epochs is another key.
  if (const uint32_t epoch = batch.again(record); epoch != 0) {
    append("epoch " + std::to_string(epoch));
  }
  if (append_values(batch.record(record), parsed)) {
    places_.push_back({record, begin});
    return;
  }
  texts_.resize(begin);
  ++unkeyed_;
}

void RecordKeys::append(std::string_view value) { append_with_length(texts_, value); }

bool RecordKeys::append_values(const sluice_record& record, const Document* parsed) {
  switch (config_.key) {
    case Mode::kRaw:
      if (parsed == nullptr) return false;
      append({record.value.data, static_cast<size_t>(record.value.size)});
      // The same bytes under another key are another record to a sink that is keyed by it.
      if (record.key.data != nullptr)
        append({record.key.data, static_cast<size_t>(record.key.size)});
      return true;
    case Mode::kPointers:
      return append_pointers(parsed);
    case Mode::kHeader:
      return append_header(record);
    case Mode::kOrigin:
    case Mode::kOff:
      break;
  }
  return false;
}

bool RecordKeys::append_pointers(const Document* parsed) {
  if (parsed == nullptr) return false;
  arena_.reset();
  for (const JsonPointer& pointer : pointers_) {
    const NodeIndex node = pointer.find(*parsed);
    if (node == kNoNode) return false;
    // "1" and 1 are two values; how a string was escaped makes no difference.
    if (parsed->kind(node) == JsonKind::kString) {
      texts_ += 's';
      append(parsed->string(node, arena_));
    } else {
      texts_ += 'j';
      append(parsed->json(node));
    }
  }
  return true;
}

bool RecordKeys::append_header(const sluice_record& record) {
  for (uint32_t i = 0; i < record.header_count; ++i) {
    const sluice_str& name = record.headers[i].key;
    const sluice_str& value = record.headers[i].value;
    if (std::string_view(name.data, static_cast<size_t>(name.size)) != config_.header) continue;
    if (value.data == nullptr) return false;
    append({value.data, static_cast<size_t>(value.size)});
    return true;
  }
  return false;
}

uint64_t RecordKeys::end(Batch& batch) {
  views_.clear();
  for (size_t i = 0; i < places_.size(); ++i) {
    const size_t end = i + 1 < places_.size() ? places_[i + 1].begin : texts_.size();
    views_.push_back(std::string_view(texts_).substr(places_[i].begin, end - places_[i].begin));
  }
  digests_.resize(views_.size());
  sha256_batch(views_, digests_.data());
  for (size_t i = 0; i < places_.size(); ++i) batch.set_key(places_[i].record, digests_[i]);
  return unkeyed_;
}

}  // namespace sluice
