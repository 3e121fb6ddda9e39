// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/overlay.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "runtime/record/pointer.h"
#include "runtime/record/scan.h"

namespace sluice::script {

static_assert(sizeof(Child) == 16);
static_assert(std::is_trivially_default_constructible_v<Child>);

void Overlay::begin(Document& document) {
  document_ = &document;
  edits_.clear();
  children_size_ = 0;
  edited_.clear();
  names_.clear();
  if (bytes_ != 0) arena_.reset();
  bytes_ = 0;
}

void Overlay::swap(Overlay& other) noexcept {
  std::swap(document_, other.document_);
  edits_.swap(other.edits_);
  children_.swap(other.children_);
  std::swap(children_size_, other.children_size_);
  std::swap(children_capacity_, other.children_capacity_);
  edited_.swap(other.edited_);
  names_.swap(other.names_);
  arena_.swap(other.arena_);
  std::swap(bytes_, other.bytes_);
}

void Overlay::end() {
  if (document_ == nullptr) return;
  for (const Edit& edit : edits_) {
    TapeNode& node = document_->mutable_node(edit.node);
    node.info &= ~TapeNode::kEdited;
    node.length = edit.length;
  }
  edits_.clear();
  document_ = nullptr;
}

Overlay::Edit& Overlay::open_slow(NodeIndex i) {
  TapeNode& node = document_->mutable_node(i);
  Edit edit;
  edit.node = i;
  edit.length = node.length;
  edit.count = document_->count(i);
  edit.capacity = edit.count + 4;
  edit.first = allocate(edit.capacity);
  Child* child = children_.get() + edit.first;
  const TapeNode* const tape = document_->tape();
  if (document_->kind(i) == JsonKind::kObject) {
    for (NodeIndex at = i + 1; at < node.next; ++child) {
      child->name = at;
      child->tag = Tag::kNode;
      child->node = at + 1;
      // Behind a scalar the next name is known without waiting for the load of `next`.
      at = document_->kind(at + 1) < JsonKind::kArray ? at + 2 : tape[at + 1].next;
    }
  } else {
    for (NodeIndex at = i + 1; at < node.next; at = tape[at].next, ++child) {
      child->name = at;
      child->tag = Tag::kNode;
      child->node = at;
    }
  }
  node.length = static_cast<uint32_t>(edits_.size());
  node.info |= TapeNode::kEdited;
  edited_.insert(std::upper_bound(edited_.begin(), edited_.end(), i), i);
  edits_.push_back(edit);
  return edits_.back();
}

void Overlay::learn_names(Edit& edit) {
  const Child* const list = children(edit);
  const TapeNode* const tape = document_->tape();
  const char* const text = document_->text().data();
  for (uint32_t i = 0; i < edit.count; ++i) {  // only names of the record: a new one comes later
    const TapeNode& name = tape[list[i].name];
    edit.names |= (name.info & TapeNode::kEscaped) != 0 ? kAnyName
                                                        : name_bit(text + name.offset, name.length);
  }
}

void Overlay::grow(uint32_t count) {
  const uint32_t capacity =
      std::max<uint32_t>({256, children_capacity_ * 2, children_size_ + count});
  std::unique_ptr<Child[]> larger(new Child[capacity]);
  std::copy_n(children_.get(), children_size_, larger.get());
  children_ = std::move(larger);
  children_capacity_ = capacity;
}

Child& Overlay::append(Edit& edit, uint32_t name) {
  if (edit.count == edit.capacity) {
    const uint32_t capacity = edit.capacity * 2;
    const uint32_t first = allocate(capacity);
    std::copy_n(children_.get() + edit.first, edit.count, children_.get() + first);
    edit.first = first;
    edit.capacity = capacity;
  }
  Child& child = children_[edit.first + edit.count++];
  child.name = name;
  child.tag = Tag::kAbsent;
  child.integer = 0;
  return child;
}

bool Overlay::name_is(const Child& child, std::string_view name) const {
  if ((child.name & Child::kNewName) == 0) return document_->string_equals(child.name, name);
  const std::string_view own = new_name_at(child.name).view();
  return own.size() == name.size() && scan::same_bytes(own.data(), name.data(), name.size());
}

uint32_t Overlay::new_name(std::string_view name) {
  names_.push_back(copy(name));
  return static_cast<uint32_t>(names_.size() - 1) | Child::kNewName;
}

const Text* Overlay::copy(std::string_view text) {
  const size_t size = sizeof(Text) + text.size();
  bytes_ += size;
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): in the arena, which owns it
  auto* const head = new (arena_.allocate(size, alignof(Text))) Text;
  head->size = static_cast<uint32_t>(text.size());
  scan::copy_bytes(reinterpret_cast<char*>(head + 1), text.data(), text.size());
  head->plain =
      scan::plain_end(text.data(), text.data() + text.size()) == text.data() + text.size();
  return head;
}

std::string Overlay::path(NodeIndex base, NodeIndex node) const {
  std::string path;
  while (base != node) {
    const bool object = document_->kind(base) == JsonKind::kObject;
    uint32_t position = 0;
    NodeIndex at = base + 1;
    for (;; ++position) {
      const NodeIndex value = object ? at + 1 : at;
      if (node < document_->next(value)) break;
      at = document_->next(value);
    }
    if (object) {
      Arena arena(256);
      append_pointer_token(path, document_->string(at, arena));
      base = at + 1;
    } else {
      append_pointer_token(path, std::to_string(position));
      base = at;
    }
  }
  return path;
}

}  // namespace sluice::script
