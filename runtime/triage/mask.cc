// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/mask.h"

#include <algorithm>
#include <charconv>

namespace sluice::triage {
namespace {

constexpr ParseLimits kMaskLimits{1ULL << 30, 1024};
constexpr size_t kMaskedPrefix = 5;
constexpr size_t kShortestSecret = 3;  // shorter ones are everywhere
constexpr size_t kMostSecrets = 1000;  // of one letter
constexpr std::string_view kInJson = "\"(hidden: sensitive)\"";

std::vector<std::string> steps_of(std::string_view pointer) {
  std::vector<std::string> steps;
  for (size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      steps.emplace_back();
    } else if (steps.empty()) {
      steps.emplace_back(1, pointer[i]);
    } else if (pointer[i] == '~' && i + 1 < pointer.size()) {
      steps.back() += pointer[++i] == '1' ? '/' : '~';
    } else {
      steps.back() += pointer[i];
    }
  }
  return steps;
}

}  // namespace

LetterMask::LetterMask(const std::vector<std::string>& sensitive) {
  for (const std::string& pointer : sensitive) places_.push_back(steps_of(pointer));
}

void LetterMask::apply(DeadLetter& letter) {
  if (places_.empty()) return;
  secrets_.clear();
  std::string raw = hide(letter.raw, true);
  letter.masked = letter.masked || raw != letter.raw;
  letter.raw = std::move(raw);
  std::string rendered = hide(letter.rendered, false);
  letter.masked = letter.masked || rendered != letter.rendered;
  letter.rendered = std::move(rendered);
  letter.masked = scrub(letter.detail) || letter.masked;
  if (letter.key) letter.masked = scrub(*letter.key) || letter.masked;
  if (letter.rendered_key) letter.masked = scrub(*letter.rendered_key) || letter.masked;
  for (auto& [name, value] : letter.headers) letter.masked = scrub(value) || letter.masked;
  for (auto& [name, value] : letter.fields) {
    const auto steps = steps_of(name);
    const bool sensitive = std::any_of(places_.begin(), places_.end(), [&](const auto& place) {
      const size_t n = std::min(place.size(), steps.size());
      return std::equal(steps.begin(), steps.begin() + static_cast<ptrdiff_t>(n), place.begin(),
                        [](const auto& a, const auto& b) { return a == b || b == "*"; });
    });
    if (sensitive) value = kHidden;
    letter.masked = scrub(value) || sensitive || letter.masked;
  }
}

std::string LetterMask::hide(std::string_view text, bool learn) {
  if (text.empty()) return {};
  std::string_view payload = text;
  if (payload.size() > kMaskedPrefix && payload.front() == '\0') {
    payload.remove_prefix(kMaskedPrefix);
  }
  if (!document_.parse(payload, kMaskLimits)) return std::string(kHidden);
  std::vector<NodeIndex> found;
  for (const auto& place : places_) find_places(place, found);
  std::sort(found.begin(), found.end());
  std::string out(text.substr(0, text.size() - payload.size()));
  size_t copied = 0;
  NodeIndex end = 0;
  for (const NodeIndex at : found) {
    if (at < end) continue;  // inside one that is hidden already
    end = document_.next(at);
    if (learn) learn_values(at);
    const std::string_view value = document_.json(at);
    const auto offset = static_cast<size_t>(value.data() - payload.data());
    out.append(payload.substr(copied, offset - copied)).append(kInJson);
    copied = offset + value.size();
  }
  out.append(payload.substr(copied));
  // What a script put elsewhere is still the same value.
  if (!learn) scrub(out);
  return out;
}

// All nodes that the steps lead to, arrays at `*` in every element.
void LetterMask::find_places(const std::vector<std::string>& steps,
                             std::vector<NodeIndex>& out) const {
  std::vector<NodeIndex> at{Document::root()};
  std::vector<NodeIndex> next;
  for (const std::string& step : steps) {
    next.clear();
    for (const NodeIndex node : at) {
      if (document_.kind(node) == JsonKind::kObject) {
        const NodeIndex member = document_.find(node, step);
        if (member != kNoNode) next.push_back(member);
      } else if (document_.kind(node) == JsonKind::kArray) {
        uint32_t wanted = UINT32_MAX;
        std::from_chars(step.data(), step.data() + step.size(), wanted);
        NodeIndex item = document_.first_child(node);
        for (uint32_t i = 0; i < document_.count(node); ++i, item = document_.next(item)) {
          if (step == "*" || i == wanted) next.push_back(item);
        }
      }
    }
    at.swap(next);
  }
  out.insert(out.end(), at.begin(), at.end());
}

void LetterMask::learn_values(NodeIndex from) {
  const NodeIndex end = document_.next(from);
  // The values inside, names left out: of an object child and name alternate on the tape.
  for (NodeIndex at = from; at < end && secrets_.size() < kMostSecrets; ++at) {
    const TapeNode& node = document_.node(at);
    const JsonKind kind = document_.kind(at);
    if ((node.info & TapeNode::kName) != 0) continue;
    if (kind != JsonKind::kString && kind != JsonKind::kNumber) continue;
    arena_.reset();
    const std::string_view value =
        kind == JsonKind::kString ? document_.string(at, arena_) : document_.slice(at);
    if (value.size() >= kShortestSecret) secrets_.emplace_back(value);
  }
}

bool LetterMask::scrub(std::string& text) const {
  bool changed = false;
  for (const std::string& secret : secrets_) {
    for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), kHidden);
      at += kHidden.size();
      changed = true;
    }
  }
  return changed;
}

}  // namespace sluice::triage
