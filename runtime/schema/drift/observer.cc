// SPDX-License-Identifier: Apache-2.0
// The walk over a record: each value against the node of its place. Names are guessed in the order
// of the record before; what is out of the ordinary is dealt with elsewhere.
#include "runtime/schema/drift/observer.h"

#include <algorithm>

#include "runtime/record/scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::drift {
namespace {

constexpr uint64_t kEvidence = 20;

bool has_tag(const std::array<uint32_t, ValueSet::kMost>& tags, uint32_t tag) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
  const auto* const from = reinterpret_cast<const __m128i*>(tags.data());
  const __m128i a = _mm_or_si128(_mm_cmpeq_epi32(_mm_load_si128(from), wanted),
                                 _mm_cmpeq_epi32(_mm_load_si128(from + 1), wanted));
  const __m128i b = _mm_or_si128(_mm_cmpeq_epi32(_mm_load_si128(from + 2), wanted),
                                 _mm_cmpeq_epi32(_mm_load_si128(from + 3), wanted));
  return _mm_movemask_epi8(_mm_or_si128(a, b)) != 0;
#else
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
#endif
}

}  // namespace

Observer::Observer(Ledger& ledger, uint32_t source, ObserverOptions options)
    : ledger_(ledger),
      source_(source),
      options_(std::move(options)),
      bounds_(ledger.limits().bounds),
      evidence_(std::max<uint64_t>(1, std::min(kEvidence, ledger.limits().baseline))),
      strangers_(options_.strangers),
      learned_(bounds_) {
  slots_.reserve(64);
  rebuild();
}

void Observer::begin(int64_t now_us) {
  constexpr double kNewASecond = 100;
  now_us_ = now_us;
  const double seconds = static_cast<double>(now_us - refilled_us_) / 1e6;
  const double more = refilled_us_ == 0 || seconds < 0 ? 2 * kNewASecond : seconds * kNewASecond;
  new_fields_allowed_ = std::min(2 * kNewASecond, new_fields_allowed_ + more);
  new_others_allowed_ = std::min(2 * kNewASecond, new_others_allowed_ + more);
  const bool first = refilled_us_ == 0;
  refilled_us_ = now_us;
  if (first) end();  // asks for the baseline
}

// Is it this record's turn to be looked at?
bool Observer::due() {
  due_ += options_.sample;
  constexpr double kRounding = 1e-9;  // ten tenths are one
  if (due_ < 1 - kRounding) return false;
  due_ -= 1;
  return true;
}

bool Observer::passed(const Document& document, std::string_view raw) {
  raw_ = raw;
  ++records_;
  const bool sampled = options_.record && due();
  if (!sampled && options_.strangers != Strangers::kReject) return true;
  strangers_ = options_.strangers;
  weight_ = sampled ? 1 : 0;
  observed_ += weight_;
  if (baseline_ != nullptr || options_.declared != nullptr) {
    walk(document);
    if (found_stranger_) return false;
  }
  if (baseline_ == nullptr && sampled) [[unlikely]] {
    learned_.learn(document, options_.sensitive);
    if (learned_.records() >= to_learn_) end();
  }
  return true;
}

void Observer::failed(const Document& document, const std::vector<SchemaFailure>& failures,
                      bool own, std::string_view raw) {
  raw_ = raw;
  ++records_;
  if (!options_.record) return;
  weight_ = due() ? 1 : 0;
  observed_ += weight_;
  // What the schema refuses is told by name even when strangers are ignored elsewhere.
  strangers_ = Strangers::kReport;
  if (own) {
    walk(document);
  } else {
    start(document);
  }
  for (const SchemaFailure& each : failures) failure(each);
}

void Observer::start(const Document& document) {
  document_ = &document;
  found_stranger_ = false;
  record_sha256_.clear();
  new_in_record_ = 0;
  scratch_.reset();
  ++record_;
}

void Observer::walk(const Document& document) {
  start(document);
  const TapeNode* const tape = document.tape();
  const char* const text = document.text().data();
  const uint32_t max_depth = std::min(bounds_.depth, kMaxDepth);
  if (!check(0, Document::root(), tape[0], text) || !open(0, 0, Document::root())) return;
  Frame* frame = frames_.data();
  uint32_t depth = 1;  // frames in use
  NodeIndex at = 1;
  for (;;) {
    if (at >= frame->end) {
      close(*frame);
      if (--depth == 0) return;
      --frame;
      continue;
    }
    NodeId id = 0;
    if (frame->object) {
      frame->name = at;
      id = member(*frame, at, tape[at], text);
      ++at;
    } else {
      id = nodes_[frame->node].element;
      if (id == kNone || frame->left == 0) {
        at = frame->end;
        continue;
      }
      --frame->left;
    }
    if (id == kNone) [[unlikely]] {
      if (found_stranger_) {
        stranger_ = here(depth);
        return;
      }
      at = frame->cut ? frame->end : tape[at].next;
      continue;
    }
    const TapeNode& value = tape[at];
    if (check(id, at, value, text) && depth < max_depth && open(depth, id, at)) {
      ++depth;
      ++frame;
      ++at;
    } else {
      at = value.next;
    }
  }
}

inline bool Observer::is_named(const Node& node, const TapeNode& name, const char* text) {
  return node.name_size == name.length && (name.info & TapeNode::kEscaped) == 0 &&
         scan::same_bytes(node.name, text + name.offset, name.length);
}

// The node of a member, or kNone: it is not looked at.
inline Observer::NodeId Observer::member(Frame& frame, NodeIndex at, const TapeNode& name,
                                         const char* text) {
  NodeId id = frame.guess;
  if (!is_named(nodes_[id], name, text)) [[unlikely]] {
    // Often one optional member is left out.
    id = nodes_[id].follows;
    if (!is_named(nodes_[id], name, text)) {
      id = search(frame, at);
      if (id == kNone) return kNone;
      // What stands for many names is never guessed.
      if ((nodes_[id].flags & kElement) == 0) {
        (frame.last == kNobody ? nodes_[frame.node].first : nodes_[frame.last].follows) = id;
      }
    }
  }
  Node& node = nodes_[id];
  node.stamp = frame.visit;
  frame.present += node.flags & kAlways;
  frame.last = id;
  frame.guess = node.follows;
  if ((node.flags & (kStrange | kFresh)) != 0) [[unlikely]]
    return strange(id, at);
  return id;
}

// Opens the container at `at`; false when nothing in it is to be looked at.
bool Observer::open(uint32_t depth, NodeId id, NodeIndex at) {
  const TapeNode& value = document_->node(at);
  const bool object =
      (value.info & TapeNode::kKindMask) == static_cast<uint32_t>(JsonKind::kObject);
  if ((nodes_[id].flags & kExpanded) == 0) expand(id);
  Node& node = nodes_[id];
  Frame& frame = frames_[depth];
  frame.end = value.next;
  frame.node = id;
  frame.last = kNobody;
  frame.guess = node.first;
  frame.name = at;
  frame.visit = ++visit_;
  frame.present = 0;
  frame.object = object;
  frame.cut = false;
  const uint32_t most = object ? bounds_.strangers : bounds_.elements;
  frame.left = strangers_ == Strangers::kReject ? UINT32_MAX : most;
  if (value.next != at + 1) return true;
  close(frame);
  return false;
}

inline void Observer::close(const Frame& frame) {
  if (frame.present != nodes_[frame.node].always && frame.object && !frame.cut) [[unlikely]] {
    absent(frame.node, frame.visit);
  }
}

// Compares a value with its node. True: it is a container worth opening.
inline bool Observer::check(NodeId id, NodeIndex at, const TapeNode& value, const char* text) {
  const Node& node = nodes_[id];
  const TypeMask type = type_of(value.info);
  if ((node.types & type) == 0) [[unlikely]] {
    odd_type(id, at, type);
    return false;
  }
  if (type == kString) {
    check_string(id, at, {text + value.offset, value.length});
    return false;
  }
  if ((type & (kInteger | kFraction)) != 0) {
    check_number(id, at, {text + value.offset, value.length}, type == kInteger);
    return false;
  }
  return (type & (kArray | kObject)) != 0 && (node.flags & kUnwatched) == 0;
}

inline void Observer::check_string(NodeId id, NodeIndex at, std::string_view text) {
  Node& node = nodes_[id];
  constexpr FormMask kAnything = form_bit(Form::kPlain);
  if ((node.forms & kAnything) == 0 ? !has_form(node.form, text) : text.empty()) {
    const Form form = form_of(text);
    if ((node.forms & form_bit(form)) != 0) {
      if ((node.forms & kAnything) == 0) node.form = form;
    } else {
      hit(id, Kind::kFormWidened, form == Form::kEmpty ? Severity::kInfo : Severity::kWarning, at);
      return;
    }
  }
  if (text.size() > node.longest) [[unlikely]] {
    hit(id, Kind::kFormWidened, Severity::kInfo, at);
    return;
  }
  if (node.tags == kNone) return;
  const bool known =
      text.size() <= ValueSet::kLongest && has_tag(tags_[node.tags].tag, value_tag(text));
  if (!known) [[unlikely]]
    hit(id, Kind::kNewEnumValue, Severity::kInfo, at);
}

// By the number of digits alone: a range that was learned is known to a power of ten.
inline void Observer::check_number(NodeId id, NodeIndex at, std::string_view text, bool integer) {
  const Node& node = nodes_[id];
  const bool negative = text[0] == '-';
  const uint32_t most = negative ? node.digits_below : node.digits_above;
  size_t digits = text.size() - (negative ? 1 : 0);
  if (!integer && most != 255) {
    const char* const end = text.data() + text.size();
    const char* p = text.data() + (negative ? 1 : 0);
    const char* const first = p;
    while (p != end && scan::digit(*p)) ++p;
    digits = static_cast<size_t>(p - first);
    while (p != end && (*p | 0x20) != 'e') ++p;
    if (p != end) digits = SIZE_MAX;  // an exponent: look closely
  }
  if (digits > most && most != 255) [[unlikely]]
    odd_number(id, at);
}

}  // namespace sluice::drift
