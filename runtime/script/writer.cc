// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "runtime/base/text.h"
#include "runtime/record/compact.h"
#include "runtime/record/pointer.h"
#include "runtime/record/scan.h"
#include "runtime/script/state.h"

namespace sluice::script {
namespace {

// Deepest nesting of brackets in JSON text.
uint32_t nesting(std::string_view json) {
  uint32_t depth = 0;
  uint32_t deepest = 0;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      for (++i; json[i] != '"'; ++i) i += json[i] == '\\' ? 1 : 0;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

// Most numbers of records have few decimals: a decimal of at most 15 digits is the only shortest
// form of its double, and this finds it at a fraction of the cost of the general way. Answers where
// the text ends, or null.
char* short_decimal(double value, char* to, char* end) {
  const double magnitude = std::fabs(value);
  if (!(magnitude < 1e12)) return nullptr;
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): a guess, and the next line tries it
  const auto hundredths = static_cast<uint64_t>(magnitude * 100.0 + 0.5);
  if (static_cast<double>(hundredths) / 100.0 != magnitude) return nullptr;
  if (std::signbit(value)) *to++ = '-';
  to = std::to_chars(to, end, hundredths / 100).ptr;
  const auto rest = static_cast<uint32_t>(hundredths % 100);
  to[0] = '.';
  to[1] = static_cast<char>('0' + rest / 10);
  to[2] = static_cast<char>('0' + rest % 10);
  return to + (rest % 10 != 0 ? 3 : 2);
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

}  // namespace

void Writer::start(Arena& into, uint64_t max_bytes, uint32_t max_depth) {
  constexpr size_t kMore = 512;  // than the record had
  overlay_ = &state_.overlay;
  tape_ = nullptr;
  source_ = nullptr;
  wide_end_ = nullptr;
  size_t size = 0;
  if (overlay_->has_document()) {
    const Document& document = overlay_->document();
    tape_ = document.tape();
    source_ = document.text().data();
    size = document.text().size();
    wide_end_ = document.has_line_breaks() ? source_ : source_ + size;
  }
  arena_ = &into;
  size_ = 0;
  allocated_ = size + kMore;
  buffer_ = into.reserve(allocated_);
  max_bytes_ = max_bytes;
  capacity_ = std::min<uint64_t>(allocated_, max_bytes);
  max_depth_ = max_depth;
  deepened_ = false;
  keys_.clear();
  pointer_.clear();
  message_.clear();
}

bool Writer::finish(bool written) {
  if (!written) return false;
  if (deepened_ && nesting(text()) > max_depth_) {
    return fail("the result is nested deeper than " + std::to_string(max_depth_) +
                " levels (limit depth)");
  }
  return true;
}

bool Writer::write(const Value& result, Arena& into, uint64_t max_bytes, uint32_t max_depth) {
  start(into, max_bytes, max_depth);
  return finish(value(result, 0));
}

bool Writer::write(const Value& result, uint64_t max_bytes, uint32_t max_depth) {
  own_.reset();
  return write(result, own_, max_bytes, max_depth);
}

bool Writer::write_table_on_top(lua_State* L, Arena& into, uint64_t max_bytes, uint32_t max_depth) {
  start(into, max_bytes, max_depth);
  return finish(table(L, 0));
}

bool Writer::write_on_top(lua_State* L, uint64_t max_bytes, uint32_t max_depth) {
  own_.reset();
  start(own_, max_bytes, max_depth);
  return finish(lua_value(L, 0));
}

std::string Writer::error() const {
  return (pointer_.empty() ? std::string("the result") : "at " + pointer_) + ": " + message_;
}

bool Writer::fail(std::string message) {
  message_ = std::move(message);
  return false;
}

bool Writer::fail_at(std::string_view token) {
  std::string front;
  append_pointer_token(front, shorten(token, 200));
  return fail_below(front);
}

bool Writer::fail_below(const std::string& pointer) {
  // A cycle would name itself a hundred times over; the outermost steps tell enough.
  if (pointer_.size() > 256) pointer_ = pointer_.substr(0, 200) + "...";
  pointer_.insert(0, pointer);
  return false;
}

// What prints as little may stand in many places: a list of members that are all deleted, white
// space.
bool Writer::afford(uint64_t steps) {
  return state_.guard.afford(steps) || fail("it takes too long to print");
}

bool Writer::grow(size_t more) {
  if (more > max_bytes_ || size_ > max_bytes_ - more) {
    return fail("the output is larger than " + std::to_string(max_bytes_) +
                " bytes, the rest of the limit output_bytes");
  }
  const auto size = std::max<uint64_t>({4096, uint64_t{allocated_} * 2, size_ + more});
  char* const larger = arena_->reserve(size);  // not committed: it may be the same place
  if (size_ > 0 && larger != buffer_) std::memcpy(larger, buffer_, size_);
  buffer_ = larger;
  allocated_ = size;
  capacity_ = std::min<uint64_t>(allocated_, max_bytes_);
  return true;
}

bool Writer::put_integer(int64_t value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return put(digits, static_cast<size_t>(end - digits));
}

bool Writer::put_float(double value) {
  if (!std::isfinite(value)) {
    return fail(std::isnan(value) ? "not a number (NaN) cannot be written as JSON"
                                  : "an infinite number cannot be written as JSON");
  }
  char digits[40];
  char* end = short_decimal(value, digits, digits + sizeof digits);
  if (end == nullptr) {
    end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    if (std::none_of(digits, end, [](char c) { return c == '.' || c == 'e'; })) {
      *end++ = '.';
      *end++ = '0';
    }
  }
  return put(digits, static_cast<size_t>(end - digits));
}

bool Writer::put_text(std::string_view text, bool plain) {
  if (!plain) return put_escaped(text);
  const size_t size = text.size() + 2;
  if (size > capacity_ - size_ && !grow(size)) return false;
  char* const to = buffer_ + size_;
  to[0] = '"';
  scan::copy_bytes(to + 1, text.data(), text.size());
  to[size - 1] = '"';
  size_ += size;
  return true;
}

bool Writer::put_escaped(std::string_view text) {
  if (!put('"')) return false;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    const char* const stop = scan::plain_end(p, end);
    if (!put(p, static_cast<size_t>(stop - p))) return false;
    p = stop;
    if (p == end) break;
    const auto c = static_cast<unsigned char>(*p);
    if (c >= 0x80) {
      const size_t length = scan::utf8_sequence(p, end);
      if (length == 0) return fail("a string that is not valid UTF-8");
      if (!put(p, length)) return false;
      p += length;
      continue;
    }
    static constexpr char kShort[] = "btn\0fr";  // from 0x08; 0x0B has none
    static constexpr char kHex[] = "0123456789abcdef";
    char escape[6] = {'\\', static_cast<char>(c), 0, 0, 0, 0};
    size_t size = 2;
    if (c >= 0x08 && c <= 0x0D && c != 0x0B) {
      escape[1] = kShort[c - 0x08];
    } else if (c < 0x20) {
      std::memcpy(escape, "\\u00", 4);
      escape[4] = kHex[c >> 4];
      escape[5] = kHex[c & 0xF];
      size = 6;
    }
    if (!put(escape, size)) return false;
    ++p;
  }
  return put('"');
}

bool Writer::put_source_slow(const char* from, size_t size) {
  if (size > capacity_ - size_ && !grow(size)) return false;
  char* const start = buffer_ + size_;
  if (wide_end_ != source_) {
    std::memcpy(start, from, size);
    size_ += size;
    return true;
  }
  if (!afford(size)) return false;
  size_ += static_cast<size_t>(compact_json({from, size}, start) - start);
  return true;
}

bool Writer::value(const Value& value, uint32_t depth) {
  switch (value.tag) {
    case Tag::kNode:
      return node(value.node, depth);
    case Tag::kAbsent:  // never asked for; null keeps the text well-formed
    case Tag::kNull:
      return put("null", 4);
    case Tag::kFalse:
      return put("false", 5);
    case Tag::kTrue:
      return put("true", 4);
    case Tag::kInteger:
      return put_integer(value.integer);
    case Tag::kFloat:
      return put_float(value.number);
    case Tag::kText:
      return put_text(value.text->view(), value.text->plain);
    case Tag::kTable: {
      state_.push_kept_table(value.table);
      const bool written = table(state_.L, depth);
      state_.pop(1);
      return written;
    }
  }
  return false;
}

bool Writer::node(NodeIndex i, uint32_t depth) {
  if (overlay_->edited(i)) return edited_node(i, depth);
  return span(i, begin_of(i), end_of(i), i, overlay_->document().next(i), depth);
}

// Copies text whose nodes are [low, high), printing anew the changed containers among them.
bool Writer::span(NodeIndex base, const char* from, const char* to, NodeIndex low, NodeIndex high,
                  uint32_t depth) {
  const std::vector<NodeIndex>& edited = overlay_->edited_nodes();
  if (edited.empty() || edited.back() < low) return put_source(from, to);
  auto next = std::lower_bound(edited.begin(), edited.end(), low);
  while (next != edited.end() && *next < high) {
    const NodeIndex i = *next;
    if (!put_source(from, begin_of(i))) return false;
    if (!edited_node(i, depth + 1)) return fail_below(overlay_->path(base, i));
    from = end_of(i);
    next = std::lower_bound(next, edited.end(), overlay_->document().next(i));
  }
  return put_source(from, to);
}

bool Writer::edited_node(NodeIndex i, uint32_t depth) {
  if (depth >= max_depth_) {
    return fail("the result contains itself, or is nested deeper than " +
                std::to_string(max_depth_) + " levels (limit depth)");
  }
  return overlay_->document().kind(i) == JsonKind::kObject ? edited_object(i, depth)
                                                           : edited_array(i, depth);
}

// Members that came with the record in runs between the changed ones, then the new ones.
bool Writer::edited_object(NodeIndex i, uint32_t depth) {
  const Document& document = overlay_->document();
  if (!overlay_->edit(i).in_order) state_.overlay.sort_patches(i);
  const Overlay::Edit& edit = overlay_->edit(i);
  if (!afford(edit.patches + edit.count) || !put('{')) return false;
  const size_t start = size_;
  const NodeIndex end = document.next(i);
  const std::vector<NodeIndex>& edited = overlay_->edited_nodes();
  auto below = std::upper_bound(edited.begin(), edited.end(), i);  // the next edited container
  // The untouched members [first, last); what comes next begins at `stop`.
  const auto untouched = [&](NodeIndex first, NodeIndex last, const char* stop) {
    // Only white space and a comma can stand between a value and what comes next.
    const char* to = stop;
    while (to[-1] == ',' || is_space(to[-1])) --to;
    if (stop - to > 64 && !afford(static_cast<uint64_t>(stop - to))) return false;
    if (size_ != start && !put(',')) return false;
    if (below != edited.end() && *below < first) {
      below = std::lower_bound(below, edited.end(), first);
    }
    if (below == edited.end() || *below >= last) return put_source(begin_of(first), to);
    return span(i, begin_of(first), to, first, last, depth);
  };
  NodeIndex run = i + 1;
  for (uint32_t at = edit.first_patch; at != Overlay::kNoPatch;) {
    const Patch& patch = overlay_->patch_at(at);
    at = patch.following;
    const NodeIndex name = patch.child.name;
    if (run != name && !untouched(run, name, begin_of(name))) return false;
    run = document.next(name + 1);
    if (patch.child.tag == Tag::kAbsent) continue;
    if (size_ != start && !put(',')) return false;
    if (!touched(patch.child, true, 0, depth)) return false;
  }
  if (run != end && !untouched(run, end, end_of(i) - 1)) return false;
  const Child* const added = overlay_->children(edit);
  for (uint32_t k = 0; k < edit.count; ++k) {
    if (added[k].tag == Tag::kAbsent) continue;
    if (size_ != start && !put(',')) return false;
    if (!touched(added[k], true, 0, depth)) return false;
  }
  return put('}');
}

bool Writer::edited_array(NodeIndex i, uint32_t depth) {
  const Document& document = overlay_->document();
  const Overlay::Edit& edit = overlay_->edit(i);
  const Child* const children = overlay_->children(edit);
  // Name 0 is an element that the script put there, even the root itself.
  const auto untouched = [](const Child& child) {
    return child.tag == Tag::kNode && child.name != 0 && child.node == child.name;
  };
  if (!afford(edit.count)) return false;
  if (!put('[')) return false;
  for (uint32_t k = 0; k < edit.count;) {
    const Child& child = children[k];
    if (k != 0 && !put(',')) return false;
    if (!untouched(child)) {
      if (!touched(child, false, k, depth)) return false;
      ++k;
      continue;
    }
    NodeIndex last = child.node;
    for (++k; k < edit.count && untouched(children[k]) && children[k].name == document.next(last);
         ++k) {
      last = children[k].node;
    }
    if (!span(i, begin_of(child.name), end_of(last), child.name, document.next(last), depth)) {
      return false;
    }
  }
  return put(']');
}

// A child whose name or value is not what the record had in its place.
bool Writer::touched(const Child& child, bool object, uint32_t position, uint32_t depth) {
  const Document& document = overlay_->document();
  std::string_view name;
  if (object) {
    if ((child.name & Child::kNewName) != 0) {
      const Text& text = overlay_->new_name_at(child.name);
      name = text.view();
      if (!put_text(name, text.plain) || !put(':')) return false;
    } else {
      name = document.slice(child.name);
      const char* const to = end_of(child.name);
      const bool colon = *to == ':';
      if (!put_source(begin_of(child.name), to + (colon ? 1 : 0))) return false;
      if (!colon && !put(':')) return false;
    }
  }
  const bool in_place = object && child.node == child.name + 1;
  deepened_ |=
      child.tag == Tag::kNode && !in_place && document.kind(child.node) >= JsonKind::kArray;
  if (value(child.value(), depth + 1)) return true;
  return object ? fail_at(name) : fail_at(std::to_string(position));
}

}  // namespace sluice::script
