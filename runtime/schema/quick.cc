// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/quick.h"

#include <algorithm>
#include <array>

#include "runtime/schema/evaluator.h"

namespace sluice::schema {
namespace {

constexpr size_t kFewValues = 16;

constexpr uint8_t bit(JsonKind kind) {
  return static_cast<uint8_t>(1U << static_cast<unsigned>(kind));
}

constexpr uint8_t kBooleans = static_cast<uint8_t>(bit(JsonKind::kFalse) | bit(JsonKind::kTrue));

uint8_t kinds_of(uint8_t types) {
  uint8_t kinds = 0;
  if ((types & kTypeNull) != 0) kinds |= bit(JsonKind::kNull);
  if ((types & kTypeBoolean) != 0) kinds |= kBooleans;
  if ((types & (kTypeNumber | kTypeInteger)) != 0) kinds |= bit(JsonKind::kNumber);
  if ((types & kTypeString) != 0) kinds |= bit(JsonKind::kString);
  if ((types & kTypeArray) != 0) kinds |= bit(JsonKind::kArray);
  if ((types & kTypeObject) != 0) kinds |= bit(JsonKind::kObject);
  return kinds;
}

uint32_t clamp32(uint64_t n) { return static_cast<uint32_t>(std::min<uint64_t>(n, UINT32_MAX)); }

}  // namespace

QuickProgram::QuickProgram(const Program& program) : root_(program.root) {
  // Where a reference leads may depend on the way, which is not kept here.
  if (program.dynamic) return;
  rules_.reserve(program.rules.size());
  for (RuleIndex i = 0; i < program.rules.size(); ++i) add(program.rules[i], i);
  for (Rule& rule : rules_) rule.accepted = accepted_by(rule);
  for (Entry& entry : entries_) {
    entry.accepted = entry.rule == kNone ? UINT16_MAX : rules_[entry.rule].accepted;
  }
  for (Array& array : arrays_) {
    if (array.items != kNone) array.accepted = rules_[array.items].accepted;
  }
  usable_ = !rules_[root_].evaluator;
}

// Most members are only asked for their type: these are told by one bit.
uint16_t QuickProgram::accepted_by(const Rule& rule) {
  if (rule.evaluator) return 0;
  uint32_t kinds = rule.kinds & (bit(JsonKind::kNull) | kBooleans);
  if (rule.text == kNone) kinds |= rule.kinds & bit(JsonKind::kString);
  if (rule.object == kNone) kinds |= rule.kinds & bit(JsonKind::kObject);
  if (rule.array == kNone) kinds |= rule.kinds & bit(JsonKind::kArray);
  uint32_t integer = 0;
  if (rule.range == kNone) {
    integer = rule.kinds & bit(JsonKind::kNumber);
    if (!rule.whole) kinds |= integer;
  }
  return static_cast<uint16_t>(kinds | integer << 8);
}

bool QuickProgram::is_known(const schema::Rule& from) {
  if (from.never || from.combined) return false;
  if (from.object) {
    const ObjectRules& object = *from.object;
    if (!object.patterns.empty() || object.property_names != kNoRule ||
        object.unevaluated != kNoRule || !object.dependencies.empty()) {
      return false;
    }
  }
  if (from.array) {
    const ArrayRules& array = *from.array;
    if (!array.tuple.empty() || array.contains != kNoRule || array.unevaluated != kNoRule ||
        array.unique) {
      return false;
    }
  }
  return true;
}

void QuickProgram::add(const schema::Rule& from, RuleIndex index) {
  Rule rule;
  rule.original = index;
  rule.kinds = kinds_of(from.types);
  rule.whole = (from.types & kTypeNumber) == 0;
  rule.evaluator = !is_known(from);
  if (!rule.evaluator) {
    rule.evaluator = ((from.string || from.allowed) && !add_text(from, &rule)) ||
                     (from.number && !add_range(*from.number, &rule));
  }
  if (!rule.evaluator) {
    if (from.object) add_object(*from.object, &rule);
    if (from.array) add_array(*from.array, &rule);
  }
  rules_.push_back(rule);
}

bool QuickProgram::add_text(const schema::Rule& from, Rule* to) {
  Text text;
  if (from.string) {
    text.min = from.string->length.min;
    text.max = from.string->length.max;
    text.pattern = from.string->pattern.get();
    text.format = from.string->format;
  }
  if (from.allowed) {
    const auto& values = from.allowed->values;
    if (values.size() > kFewValues ||
        !std::all_of(values.begin(), values.end(), [](const auto& v) { return v.is_string; })) {
      return false;
    }
    text.allowed = from.allowed.get();
    to->kinds &= bit(JsonKind::kString);
  }
  to->text = static_cast<uint32_t>(texts_.size());
  texts_.push_back(text);
  return true;
}

bool QuickProgram::add_range(const NumberRules& from, Rule* to) {
  if (from.multiple_of) return false;
  Range range;
  // An exclusive limit of n is an inclusive one of n - 1 for integers, and only integers are looked
  // at here.
  const auto lower = [&range](const std::optional<Limit>& limit, int64_t step) {
    if (!limit) return true;
    if (!limit->integer() || *limit->integer() > INT64_MAX - step) return false;
    range.min = std::max(range.min, *limit->integer() + step);
    return true;
  };
  const auto upper = [&range](const std::optional<Limit>& limit, int64_t step) {
    if (!limit) return true;
    if (!limit->integer() || *limit->integer() < INT64_MIN + step) return false;
    range.max = std::min(range.max, *limit->integer() - step);
    return true;
  };
  if (!lower(from.minimum, 0) || !lower(from.exclusive_minimum, 1) || !upper(from.maximum, 0) ||
      !upper(from.exclusive_maximum, 1)) {
    return false;
  }
  to->range = static_cast<uint32_t>(ranges_.size());
  ranges_.push_back(range);
  return true;
}

void QuickProgram::add_object(const ObjectRules& from, Rule* to) {
  Object object;
  object.first = static_cast<uint32_t>(entries_.size());
  object.entries = static_cast<uint32_t>(from.names.entries().size());
  object.required = from.required;
  object.min = clamp32(from.count.min);
  object.max = clamp32(from.count.max);
  object.unknown = from.additional;
  object.names = &from.names;
  for (const NameTable::Entry& entry : from.names.entries()) {
    // A name that is only required is, as a member, one of the others.
    Entry to_add;
    to_add.name = entry.name;
    to_add.rule = entry.rule != kNoRule ? entry.rule : from.additional;
    to_add.required = entry.required;
    entries_.push_back(std::move(to_add));
  }
  to->object = static_cast<uint32_t>(objects_.size());
  objects_.push_back(object);
}

void QuickProgram::add_array(const ArrayRules& from, Rule* to) {
  to->array = static_cast<uint32_t>(arrays_.size());
  Array array;
  array.items = from.items;
  array.min = clamp32(from.count.min);
  array.max = clamp32(from.count.max);
  arrays_.push_back(array);
}

// An open container. Without initial values: sixty of them are made for every record, and few used.
struct QuickProgram::Frame {
  const Object* object;  // null: an array
  uint32_t rule;         // of an array's items
  uint32_t accepted;     // of that rule
  NodeIndex at;          // the next child: a name, or an item
  NodeIndex end;
  uint32_t required_seen;
  uint32_t guess;  // the entry expected next
  uint32_t last;   // the entry found last
};

// One pass over one record.
class QuickProgram::Run {
 public:
  Run(const QuickProgram& program, const Document& document, Evaluator& evaluator,
      QuickHints& hints)
      : program_(program),
        document_(document),
        evaluator_(evaluator),
        tape_(document.tape()),
        text_(document.text().data()),
        next_(hints.next.data()) {}

  bool run() {
    if (!value(program_.root_, Document::root())) return false;
    while (depth_ > 0) {
      Frame& frame = frames_[depth_ - 1];
      if (frame.object != nullptr ? !members(frame) : !items(frame)) return false;
    }
    return true;
  }

 private:
  // Members, until one is a container to be looked into, or the last.
  bool members(Frame& frame) {
    const Object& object = *frame.object;
    const Entry* const entries = program_.entries_.data() + object.first;
    uint32_t* const next = next_ + object.first;
    const TapeNode* const tape = tape_;
    const char* const text = text_;
    const uint32_t depth = depth_;
    const NodeIndex end = frame.end;
    uint32_t guess = frame.guess;
    uint32_t last = frame.last;
    uint32_t required = frame.required_seen;
    for (NodeIndex at = frame.at; at != end;) {
      const TapeNode& name = tape[at];
      const NodeIndex place = at + 1;
      at = tape[place].next;
      if ((name.info & TapeNode::kEscaped) != 0) return false;
      if (guess < object.entries && entries[guess].is(text + name.offset, name.length)) [[likely]] {
        last = guess;
      } else if (const uint32_t found = find(object, text + name.offset, name.length);
                 found != kNone) {
        next[last] = found;
        last = found;
      } else {
        if (object.unknown == kNone) continue;
        if (!value(object.unknown, place)) return false;
        if (depth_ == depth) continue;
        frame = Frame{&object, kNone, 0, at, end, required, guess, last};
        return true;
      }
      const Entry& entry = entries[last];
      guess = next[last];
      required += entry.required;
      if ((entry.accepted >> form(tape[place]) & 1U) != 0) continue;
      if (!value(entry.rule, place)) return false;
      if (depth_ == depth) continue;
      frame = Frame{&object, kNone, 0, at, end, required, guess, last};
      return true;
    }
    --depth_;
    return required == object.required;
  }

  // The entry of a name that was not guessed.
  static uint32_t find(const Object& object, const char* name, uint32_t size) {
    const NameTable::Entry* const found = object.names->find({name, size});
    return found == nullptr ? kNone : static_cast<uint32_t>(found - object.names->entries().data());
  }

  bool items(Frame& frame) {
    const uint32_t depth = depth_;
    while (frame.at != frame.end) {
      const NodeIndex item = frame.at;
      frame.at = tape_[item].next;
      if ((frame.accepted >> form(tape_[item]) & 1U) != 0) continue;
      if (!value(frame.rule, item)) return false;
      if (depth_ != depth) return true;
    }
    --depth_;
    return true;
  }

  bool value(uint32_t index, NodeIndex at) {
    const Rule& rule = program_.rules_[index];
    if (rule.evaluator) return evaluator_.accepts(rule.original, at);
    const TapeNode& node = tape_[at];
    const auto kind = static_cast<JsonKind>(node.info & TapeNode::kKindMask);
    if ((rule.kinds & bit(kind)) == 0) return false;
    switch (kind) {
      case JsonKind::kString:
        return rule.text == kNone || string(rule, at);
      case JsonKind::kNumber:
        return number(rule, at);
      case JsonKind::kObject:
        return rule.object == kNone || object(rule, at);
      case JsonKind::kArray:
        return rule.array == kNone || array(rule, at);
      case JsonKind::kNull:
      case JsonKind::kFalse:
      case JsonKind::kTrue:
        break;
    }
    return true;
  }

  bool string(const Rule& rule, NodeIndex at) {
    const TapeNode& node = tape_[at];
    const Text& text = program_.texts_[rule.text];
    if ((node.info & TapeNode::kEscaped) != 0) return evaluator_.accepts(rule.original, at);
    const std::string_view found(text_ + node.offset, node.length);
    // Most texts are decided by their bytes: a code point has one to four of them.
    if (found.size() / 4 < text.min || found.size() > text.max) {
      const auto points =
          static_cast<uint64_t>(std::count_if(found.begin(), found.end(), [](char c) {
            return (static_cast<uint8_t>(c) & 0xC0) != 0x80;
          }));
      if (points < text.min || points > text.max) return false;
    }
    if (text.allowed != nullptr) {
      const auto& values = text.allowed->values;
      if (std::none_of(values.begin(), values.end(),
                       [found](const AllowedValues::Value& v) { return v.text == found; })) {
        return false;
      }
    }
    return (text.pattern == nullptr || text.pattern->found_in(found)) &&
           (text.format == nullptr || text.format(found));
  }

  bool number(const Rule& rule, NodeIndex at) {
    if (!rule.whole && rule.range == kNone) return true;
    int64_t found = 0;
    // 1.0 is an integer too, and some are longer than 64 bits: these are rare.
    if ((tape_[at].info & TapeNode::kInteger) == 0) return evaluator_.accepts(rule.original, at);
    if (rule.range == kNone) return true;
    if (!document_.int64(at, &found)) return evaluator_.accepts(rule.original, at);
    const Range& range = program_.ranges_[rule.range];
    return found >= range.min && found <= range.max;
  }

  bool object(const Rule& rule, NodeIndex at) {
    const Object& object = program_.objects_[rule.object];
    const uint32_t count = document_.count(at);
    if (count < object.min || count > object.max) return false;
    if (depth_ == kMaxDepth) return evaluator_.accepts(rule.original, at);
    frames_[depth_++] = Frame{&object, kNone, 0, at + 1, tape_[at].next, 0, 0, 0};
    return true;
  }

  bool array(const Rule& rule, NodeIndex at) {
    const Array& array = program_.arrays_[rule.array];
    const uint32_t count = document_.count(at);
    if (count < array.min || count > array.max) return false;
    if (array.items == kNone) return true;
    if (depth_ == kMaxDepth) return evaluator_.accepts(rule.original, at);
    frames_[depth_++] =
        Frame{nullptr, array.items, array.accepted, at + 1, tape_[at].next, 0, 0, 0};
    return true;
  }

  const QuickProgram& program_;
  const Document& document_;
  Evaluator& evaluator_;
  const TapeNode* const tape_;
  const char* const text_;
  uint32_t* const next_;
  uint32_t depth_ = 0;
  std::array<Frame, kMaxDepth> frames_;
};

bool QuickProgram::fits(const Document& document, Evaluator& evaluator, QuickHints& hints) const {
  return usable_ && Run(*this, document, evaluator, hints).run();
}

QuickHints QuickProgram::make_hints() const {
  QuickHints hints;
  // First guess: the order of the schema.
  hints.next.resize(entries_.size());
  for (const Object& object : objects_) {
    for (uint32_t i = 0; i < object.entries; ++i) hints.next[object.first + i] = i + 1;
  }
  return hints;
}

}  // namespace sluice::schema
