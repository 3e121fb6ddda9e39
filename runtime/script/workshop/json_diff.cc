// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/json_diff.h"

#include <algorithm>
#include <charconv>

#include "runtime/record/pointer.h"

namespace sluice::workshop {
namespace {

// A number as digits without zeros at both ends and the power of ten of the last digit.
struct Decimal {
  bool negative = false;
  std::string digits;  // empty: zero
  int64_t exponent = 0;
  bool huge = false;  // the exponent does not fit
};

Decimal to_decimal(std::string_view text) {
  Decimal out;
  if (text.starts_with('-')) {
    out.negative = true;
    text.remove_prefix(1);
  }
  const size_t e = text.find_first_of("eE");
  std::string_view mantissa = text.substr(0, e);
  if (e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    constexpr size_t kMostDigits = 18;
    out.huge =
        power.size() > kMostDigits ||
        std::from_chars(power.data(), power.data() + power.size(), out.exponent).ec != std::errc();
  }
  const size_t point = mantissa.find('.');
  out.digits = mantissa.substr(0, point);
  if (point != std::string_view::npos) {
    out.digits += mantissa.substr(point + 1);
    out.exponent -= static_cast<int64_t>(mantissa.size() - point - 1);
  }
  const size_t last = out.digits.find_last_not_of('0');
  if (last == std::string::npos) return Decimal{};  // -0 is 0
  out.exponent += static_cast<int64_t>(out.digits.size() - last - 1);
  out.digits.erase(last + 1);
  out.digits.erase(0, out.digits.find_first_not_of('0'));
  return out;
}

struct Member {
  std::string_view name;
  NodeIndex value;
  uint32_t place;  // in the object, from 0
};

// The members of an object by name.
std::vector<Member> sorted_members(const Document& document, NodeIndex object, Arena& arena) {
  std::vector<Member> out;
  const uint32_t count = document.count(object);
  out.reserve(count);
  NodeIndex name = document.first_child(object);
  for (uint32_t i = 0; i < count; ++i) {
    const NodeIndex value = document.next(name);
    out.push_back({document.string(name, arena), value, i});
    name = document.next(value);
  }
  std::sort(out.begin(), out.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  return out;
}

std::vector<NodeIndex> elements(const Document& document, NodeIndex array) {
  std::vector<NodeIndex> out(document.count(array));
  NodeIndex at = document.first_child(array);
  for (NodeIndex& element : out) {
    element = at;
    at = document.next(at);
  }
  return out;
}

class Differ {
 public:
  Differ(const Document& before, const Document& after, size_t most)
      : before_(before), after_(after), most_(most) {}

  void value(NodeIndex a, NodeIndex b) {
    const JsonKind kind = before_.kind(a);
    if (kind == after_.kind(b) && kind == JsonKind::kObject) {
      objects(a, b);
    } else if (kind == after_.kind(b) && kind == JsonKind::kArray) {
      arrays(a, b);
    } else if (!same_value(before_, a, after_, b)) {
      note(Difference::Kind::kChanged, a, b);
    }
  }

  Differences take() { return std::move(found_); }

 private:
  void note(Difference::Kind kind, NodeIndex a, NodeIndex b) {
    if (found_.list.size() == most_) {
      found_.more = true;
      return;
    }
    found_.list.push_back({kind, pointer_, a == kNoNode ? std::string_view() : before_.json(a),
                           b == kNoNode ? std::string_view() : after_.json(b)});
  }

  void below(std::string_view token, NodeIndex a, NodeIndex b) {
    const size_t size = pointer_.size();
    append_pointer_token(pointer_, token);
    if (a == kNoNode) {
      note(Difference::Kind::kAdded, a, b);
    } else if (b == kNoNode) {
      note(Difference::Kind::kRemoved, a, b);
    } else {
      value(a, b);
    }
    pointer_.resize(size);
  }

  // Members in the order of the first object, then those only the second has, in its order.
  void objects(NodeIndex a, NodeIndex b) {
    struct Pair {
      std::string_view name;
      NodeIndex a, b;
      uint64_t order;
    };
    Arena names(1024);
    const std::vector<Member> old = sorted_members(before_, a, names);
    const std::vector<Member> now = sorted_members(after_, b, names);
    constexpr uint64_t kAfterOld = 1ULL << 32;
    std::vector<Pair> pairs;
    size_t i = 0;
    size_t j = 0;
    while (i < old.size() || j < now.size()) {
      if (j == now.size() || (i < old.size() && old[i].name < now[j].name)) {
        pairs.push_back({old[i].name, old[i].value, kNoNode, old[i].place});
        ++i;
      } else if (i == old.size() || now[j].name < old[i].name) {
        pairs.push_back({now[j].name, kNoNode, now[j].value, kAfterOld + now[j].place});
        ++j;
      } else {
        pairs.push_back({old[i].name, old[i].value, now[j].value, old[i].place});
        ++i;
        ++j;
      }
    }
    std::sort(pairs.begin(), pairs.end(),
              [](const Pair& x, const Pair& y) { return x.order < y.order; });
    for (const Pair& pair : pairs) {
      if (found_.more) return;
      below(pair.name, pair.a, pair.b);
    }
  }

  void arrays(NodeIndex a, NodeIndex b) {
    const std::vector<NodeIndex> old = elements(before_, a);
    const std::vector<NodeIndex> now = elements(after_, b);
    size_t begin = 0;
    size_t old_end = old.size();
    size_t now_end = now.size();
    if (old_end != now_end) {
      while (begin < std::min(old_end, now_end) &&
             same_value(before_, old[begin], after_, now[begin])) {
        ++begin;
      }
      while (old_end > begin && now_end > begin &&
             same_value(before_, old[old_end - 1], after_, now[now_end - 1])) {
        --old_end;
        --now_end;
      }
    }
    for (size_t i = begin; i < std::max(old_end, now_end) && !found_.more; ++i) {
      below(std::to_string(i), i < old_end ? old[i] : kNoNode, i < now_end ? now[i] : kNoNode);
    }
  }

  const Document& before_;
  const Document& after_;
  const size_t most_;
  std::string pointer_;
  Differences found_;
};

bool same_objects(const Document& a, NodeIndex at_a, const Document& b, NodeIndex at_b) {
  if (a.count(at_a) != b.count(at_b)) return false;
  Arena names(1024);
  const std::vector<Member> left = sorted_members(a, at_a, names);
  const std::vector<Member> right = sorted_members(b, at_b, names);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].name != right[i].name || !same_value(a, left[i].value, b, right[i].value)) {
      return false;
    }
  }
  return true;
}

bool same_arrays(const Document& a, NodeIndex at_a, const Document& b, NodeIndex at_b) {
  if (a.count(at_a) != b.count(at_b)) return false;
  NodeIndex left = a.first_child(at_a);
  NodeIndex right = b.first_child(at_b);
  for (uint32_t i = 0; i < a.count(at_a); ++i) {
    if (!same_value(a, left, b, right)) return false;
    left = a.next(left);
    right = b.next(right);
  }
  return true;
}

}  // namespace

bool same_number(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const Decimal x = to_decimal(a);
  const Decimal y = to_decimal(b);
  // Exponents past 10^18 are compared as they are written.
  if (x.huge || y.huge) return false;
  return x.negative == y.negative && x.exponent == y.exponent && x.digits == y.digits;
}

bool same_value(const Document& a, NodeIndex at_a, const Document& b, NodeIndex at_b) {
  const JsonKind kind = a.kind(at_a);
  if (kind != b.kind(at_b)) return false;
  switch (kind) {
    case JsonKind::kNull:
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return true;
    case JsonKind::kNumber:
      return same_number(a.slice(at_a), b.slice(at_b));
    case JsonKind::kString: {
      Arena arena(256);
      return b.string_equals(at_b, a.string(at_a, arena));
    }
    case JsonKind::kArray:
      return same_arrays(a, at_a, b, at_b);
    case JsonKind::kObject:
      return same_objects(a, at_a, b, at_b);
  }
  return false;
}

Differences diff_json(const Document& before, const Document& after, size_t most) {
  Differ differ(before, after, most);
  differ.value(Document::root(), Document::root());
  return differ.take();
}

}  // namespace sluice::workshop
