// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/record/scan.h"
#include "runtime/script/state.h"

// What the files of the view share.
namespace sluice::script {

inline constexpr uint32_t kNotFound = UINT32_MAX;

inline bool is_object(const Document& document, NodeIndex node) {
  return document.kind(node) == JsonKind::kObject;
}

// Where a member of an edited object is: a name of the record, or a position in the list of new
// ones; neither if there is no such member.
struct MemberPlace {
  NodeIndex name = kNoNode;
  uint32_t added = kNotFound;
};

// Opens a container for changes and charges its memory to the script.
Overlay::Edit& open_edit_slow(State& state, NodeIndex node);
inline Overlay::Edit& open_edit(State& state, NodeIndex node) {
  return state.overlay.edited(node) ? state.overlay.edit(node) : open_edit_slow(state, node);
}
inline bool is_name(const Document& document, NodeIndex object, uint32_t distance,
                    const NameHint& hint) {
  // Only a name that stands at this very distance from its object is a member of it.
  const TapeNode& name = document.node(object + distance);
  constexpr uint32_t kFlags = TapeNode::kName | TapeNode::kEscaped;
  return name.info >> TapeNode::kCountShift == distance && name.length == hint.size &&
         (name.info & kFlags) == TapeNode::kName &&
         scan::same_bytes(document.text().data() + name.offset, hint.text, hint.size);
}

// The name where it was found last, as far from the beginning of its object or, behind a list that
// varies in length, from the end; or kNoNode.
inline NodeIndex guess_name(const Document& document, NodeIndex object, const NameHint& hint) {
  const uint32_t size = document.next(object) - object;
  if (hint.distance < size && is_name(document, object, hint.distance, hint)) [[likely]] {
    return object + hint.distance;
  }
  if (hint.from_end < size && is_name(document, object, size - hint.from_end, hint)) {
    return object + size - hint.from_end;
  }
  return kNoNode;
}

// The name node of a member that the object came with, or kNoNode; `search` where guessing failed.
NodeIndex search_name(State& state, NodeIndex object, NameHint& hint);
inline NodeIndex find_name(State& state, NodeIndex object, NameHint& hint) {
  const NodeIndex guess = guess_name(state.overlay.document(), object, hint);
  return guess != kNoNode ? guess : search_name(state, object, hint);
}
// The same for an object with changes.
MemberPlace search_member(State& state, Overlay::Edit& edit, NameHint& hint);
inline MemberPlace find_member(State& state, Overlay::Edit& edit, NameHint& hint) {
  const NodeIndex guess = guess_name(state.overlay.document(), edit.node, hint);
  return guess != kNoNode ? MemberPlace{guess, kNotFound} : search_member(state, edit, hint);
}
// The value of what was found, absent if nothing was.
Value member_value(const State& state, const Overlay::Edit& edit, MemberPlace place);
// Says why a light userdata that is no part of the record cannot be used; the key is at 2.
[[noreturn]] void refuse_use(lua_State* L, State& state, uint64_t bits, const char* verb);
// The metamethod __newindex.
int new_index(lua_State* L);

}  // namespace sluice::script
