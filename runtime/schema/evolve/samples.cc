// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/samples.h"

#include <algorithm>

#include "runtime/schema/formats.h"
#include "runtime/schema/number.h"

namespace sluice::schema {
namespace {

constexpr size_t kMaxSamples = 20'000;
constexpr size_t kMaxMembers = 1'000;
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxName = 256;
constexpr size_t kMaxNumber = 64;
constexpr size_t kMaxValue = 128;
constexpr uint64_t kMaxValueBytes = 16ULL << 20;

uint64_t code_points(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool has_format(size_t format, std::string_view text) {
  const std::string_view name = kInferredFormats[format];
  // "a:b" is a URI by the letter; nobody means it.
  if (name == "uri" && text.find("://") == std::string_view::npos) return false;
  const FormatCheck check = find_format(name);
  return check != nullptr && check(text);
}

}  // namespace

SampleIndex Samples::make() {
  if (samples_.size() >= kMaxSamples) return kNoSample;
  samples_.emplace_back();
  return static_cast<SampleIndex>(samples_.size() - 1);
}

void Samples::add(const Document& document) {
  stack_.clear();
  arena_.reset();
  see(document, Document::root(), 0);
  while (!stack_.empty()) {
    Frame& frame = stack_.back();
    if (frame.left == 0) {
      stack_.pop_back();
      continue;
    }
    --frame.left;
    NodeIndex value = frame.next;
    SampleIndex at = kNoSample;
    if (frame.object) {
      at = member(frame, document.string(frame.next, arena_));
      value = document.next(frame.next);
    } else {
      at = samples_[frame.sample].items;
    }
    frame.next = document.next(value);
    if (at != kNoSample) see(document, value, at);
  }
}

void Samples::see(const Document& document, NodeIndex node, SampleIndex at) {
  Sample& sample = samples_[at];
  const JsonKind kind = document.kind(node);
  ++sample.kinds[static_cast<size_t>(kind)];
  switch (kind) {
    case JsonKind::kNull:
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return;
    case JsonKind::kNumber:
      return see_number(document, node, sample);
    case JsonKind::kString:
      return see_text(document.string(node, arena_), sample);
    case JsonKind::kArray:
    case JsonKind::kObject:
      return open(document, node, at);
  }
}

void Samples::see_number(const Document& document, NodeIndex node, Sample& sample) {
  if ((document.node(node).info & TapeNode::kInteger) == 0) ++sample.fractions;
  const std::string_view text = document.slice(node);
  if (!sample.range_known) return;
  if (text.size() > kMaxNumber) {
    sample.range_known = false;
    return;
  }
  const Decimal number = parse_decimal(text);
  if (sample.least.empty() || compare(number, parse_decimal(sample.least)) < 0) {
    sample.least = text;
  }
  if (sample.greatest.empty() || compare(number, parse_decimal(sample.greatest)) > 0) {
    sample.greatest = text;
  }
}

void Samples::see_text(std::string_view text, Sample& sample) {
  const uint64_t length = code_points(text);
  sample.shortest = std::min(sample.shortest, length);
  sample.longest = std::max(sample.longest, length);
  for (size_t i = 0; sample.formats != 0 && i < kInferredFormats.size(); ++i) {
    const auto bit = static_cast<uint8_t>(1U << i);
    if ((sample.formats & bit) != 0 && !has_format(i, text)) {
      sample.formats = static_cast<uint8_t>(sample.formats & ~bit);
    }
  }
  if (!sample.many_values) keep_value(text, sample);
}

void Samples::keep_value(std::string_view text, Sample& sample) {
  if (std::find(sample.values.begin(), sample.values.end(), text) != sample.values.end()) return;
  const bool room = sample.values.size() < max_values_ && text.size() <= kMaxValue &&
                    value_bytes_ + text.size() <= kMaxValueBytes;
  if (room) {
    sample.values.emplace_back(text);
    value_bytes_ += text.size();
    return;
  }
  for (const std::string& value : sample.values) value_bytes_ -= value.size();
  sample.values = {};
  sample.many_values = true;
}

// Containers are walked with a stack of frames, so that depth costs no stack of ours.
void Samples::open(const Document& document, NodeIndex node, SampleIndex at) {
  const bool object = document.kind(node) == JsonKind::kObject;
  const uint32_t count = document.count(node);
  const bool deep = stack_.size() >= kMaxDepth;
  if (object) {
    samples_[at].more_members = samples_[at].more_members || (deep && count > 0);
  } else {
    samples_[at].fewest = std::min<uint64_t>(samples_[at].fewest, count);
    samples_[at].most = std::max<uint64_t>(samples_[at].most, count);
    if (count > 0 && !deep && samples_[at].items == kNoSample && !samples_[at].items_open) {
      const SampleIndex items = make();
      samples_[at].items = items;
    }
    if (count > 0 && (deep || samples_[at].items == kNoSample)) samples_[at].items_open = true;
  }
  if (deep || count == 0 || (!object && samples_[at].items_open)) return;
  stack_.push_back({document.first_child(node), count, 0, at, object});
}

SampleIndex Samples::member(Frame& frame, std::string_view name) {
  Sample& object = samples_[frame.sample];
  uint32_t at = frame.cursor;
  if (at >= object.members.size() || object.members[at].name != name) {
    const auto known = object.by_name.find(name);
    if (known != object.by_name.end()) {
      at = known->second;
    } else if (object.members.size() >= kMaxMembers || name.size() > kMaxName) {
      object.more_members = true;
      return kNoSample;
    } else {
      const SampleIndex made = make();
      Sample& again = samples_[frame.sample];  // make() moves them
      if (made == kNoSample) {
        again.more_members = true;
        return kNoSample;
      }
      at = static_cast<uint32_t>(again.members.size());
      again.members.push_back({std::string(name), made, 0});
      again.by_name.emplace(again.members.back().name, at);
    }
  }
  frame.cursor = at + 1;
  Sample::Member& found = samples_[frame.sample].members[at];
  ++found.count;
  return found.sample;
}

}  // namespace sluice::schema
