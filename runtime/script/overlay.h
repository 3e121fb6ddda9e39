// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"

namespace sluice::script {

// Text a script wrote, copied out of Lua. The bytes follow the head.
struct Text {
  uint32_t size = 0;
  bool plain = false;  // may stand in a JSON string as it is
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(this + 1), size};
  }
};

enum class Tag : uint8_t { kAbsent, kNode, kNull, kFalse, kTrue, kInteger, kFloat, kText, kTable };

// A value as a script sees it: a node of the tape, or something the script wrote.
struct Value {
  Tag tag = Tag::kAbsent;
  union {
    int64_t integer = 0;
    double number;
    const Text* text;
    uint32_t table;  // number in the per-record list of Lua tables
    NodeIndex node;
  };
};

// One child of a container that was opened for changes: a changed or new member of an object, an
// element of an array. Not initialized by itself: lists of them are made for every record.
struct Child {
  static constexpr uint32_t kNewName = 1U << 31;  // the rest is an index into the new names
  // The name's node or a new name; of an array's element its own node, 0 for one the script put
  // there.
  uint32_t name;
  Tag tag;
  union {
    int64_t integer;
    double number;
    const Text* text;
    uint32_t table;
    NodeIndex node;
  };
  [[nodiscard]] Value value() const;
  void set(const Value& value);
};

// A member of the record whose value was changed; those of one object are chained.
struct Patch {
  Child child;
  uint32_t following;
};

// The changes a script made to one document, laid over its tape. A container is opened on its first
// change and its node marked kEdited, with `length` naming its Edit. A member that changes is
// patched: its name is marked kPatched, with `next` naming the patch; so a change costs the same
// however many members there are. New members form a list behind them. An array's elements all
// become a list that can be changed in place. end() takes the marks back. Memory is kept between
// records.
class Overlay {
 public:
  static constexpr uint32_t kNoPatch = UINT32_MAX;
  struct Edit {
    NodeIndex node = 0;
    uint32_t length = 0;  // what the node's length was
    uint32_t first = 0;   // into children_: new members of an object, all elements of an array
    uint32_t count = 0;
    uint32_t capacity = 0;
    uint32_t first_patch = kNoPatch;
    uint32_t last_patch = kNoPatch;
    uint32_t patches = 0;
    bool in_order = true;  // the patches are chained in the order of the tape
    // name_bit() of every name: says quickly that a name is not there. 0: not learnt yet.
    uint64_t names = 0;
  };
  static constexpr uint64_t kAnyName = ~0ULL;  // a name has escapes: its bit is not known
  static uint64_t name_bit(const char* name, size_t size) {
    return 1ULL << ((size * 7 + (size == 0 ? 0 : static_cast<unsigned char>(name[0]))) & 63);
  }

  void begin(Document& document);
  void end();
  // References into either stay good, as parts of the other.
  void swap(Overlay& other) noexcept;

  [[nodiscard]] bool has_document() const { return document_ != nullptr; }  // since begin()
  [[nodiscard]] const Document& document() const { return *document_; }
  [[nodiscard]] bool edited(NodeIndex node) const {
    return (document_->node(node).info & TapeNode::kEdited) != 0;
  }
  // The list of an edited container.
  [[nodiscard]] Edit& edit(NodeIndex node) { return edits_[document_->node(node).length]; }
  [[nodiscard]] const Edit& edit(NodeIndex node) const {
    return edits_[document_->node(node).length];
  }
  // The list of a container, opened now if need be. References end with the next open or append.
  Edit& open(NodeIndex node) { return edited(node) ? edit(node) : open_slow(node); }
  [[nodiscard]] Child* children(const Edit& edit) { return children_.get() + edit.first; }
  [[nodiscard]] const Child* children(const Edit& edit) const {
    return children_.get() + edit.first;
  }
  [[nodiscard]] bool patched(NodeIndex name) const {
    return (document_->node(name).info & TapeNode::kPatched) != 0;
  }
  // Of a patched name.
  [[nodiscard]] const Child& patch(NodeIndex name) const {
    return patches_[document_->node(name).next].child;
  }
  [[nodiscard]] const Patch& patch_at(uint32_t index) const { return patches_[index]; }
  // The value of a member of an edited object.
  [[nodiscard]] Value member(NodeIndex name) const {
    if (patched(name)) return patch(name).value();
    Value value;
    value.tag = Tag::kNode;
    value.node = name + 1;
    return value;
  }
  void set_member(Edit& edit, NodeIndex name, const Value& value) {
    if (patched(name)) {
      patches_[document_->node(name).next].child.set(value);
    } else {
      add_patch(edit, name, value);
    }
  }
  // Chains the patches of an object in the order of the tape.
  void sort_patches(NodeIndex object);

  // Before a name is looked for that may not be there, and so before a new one is added.
  void learn_names(Edit& edit);
  // A new last child, still absent.
  Child& append(Edit& edit, uint32_t name);
  void pop(Edit& edit) { --edit.count; }

  [[nodiscard]] bool name_is(const Child& child, std::string_view name) const;
  // Adds a name; the answer goes into Child::name. `name` has to outlive the record.
  uint32_t new_name(const Text* name) {
    names_.push_back(name);
    return static_cast<uint32_t>(names_.size() - 1) | Child::kNewName;
  }
  [[nodiscard]] const Text& new_name_at(uint32_t name) const {
    return *names_[name & ~Child::kNewName];
  }
  // A copy that lives as long as the record, or as `arena`.
  const Text* copy(std::string_view text) {
    bytes_ += bytes_of_copy(text);
    return copy(text, arena_);
  }
  static const Text* copy(std::string_view text, Arena& arena);

  // Edited containers in the order of the tape.
  [[nodiscard]] const std::vector<NodeIndex>& edited_nodes() const { return edited_; }
  // The pointer of `node` below `base`, as "/a/0"; "" for base itself. Of the record as received.
  [[nodiscard]] std::string path(NodeIndex base, NodeIndex node) const;
  // Bytes held since begin() (not what is kept from earlier records).
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kTextPadding = 15;  // for all_plain_padded()
  static size_t bytes_of_copy(std::string_view text) {
    return sizeof(Text) + text.size() + kTextPadding;
  }
  Edit& open_slow(NodeIndex node);
  void list_elements(Edit& edit);
  void add_patch(Edit& edit, NodeIndex name, const Value& value);
  // Room for this many more children; answers the index of the first.
  uint32_t allocate(uint32_t count) {
    bytes_ += uint64_t{count} * sizeof(Child);
    if (count > children_capacity_ - children_size_) [[unlikely]]
      grow(count);
    const uint32_t first = children_size_;
    children_size_ += count;
    return first;
  }
  void grow(uint32_t count);

  Document* document_ = nullptr;
  std::vector<Edit> edits_;
  std::vector<Patch> patches_;
  std::unique_ptr<Child[]> children_;
  uint32_t children_size_ = 0;
  uint32_t children_capacity_ = 0;
  std::vector<NodeIndex> edited_;
  std::vector<const Text*> names_;
  Arena arena_{16 * 1024};
  uint64_t bytes_ = 0;
};

inline Value Child::value() const {
  Value value;
  value.tag = tag;
  value.integer = integer;
  return value;
}

inline void Child::set(const Value& value) {
  tag = value.tag;
  integer = value.integer;
}

}  // namespace sluice::script
