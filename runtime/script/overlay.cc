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
  patches_.clear();
  children_size_ = 0;
  edited_.clear();
  names_.clear();
  if (bytes_ != 0) arena_.reset();
  bytes_ = 0;
}

void Overlay::swap(Overlay& other) noexcept {
  std::swap(document_, other.document_);
  edits_.swap(other.edits_);
  patches_.swap(other.patches_);
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
  for (const Patch& patch : patches_) {
    TapeNode& name = document_->mutable_node(patch.child.name);
    name.info &= ~TapeNode::kPatched;
    name.next = patch.child.name + 1;
  }
  edits_.clear();
  patches_.clear();
  document_ = nullptr;
}

Overlay::Edit& Overlay::open_slow(NodeIndex i) {
  TapeNode& node = document_->mutable_node(i);
  Edit edit;
  edit.node = i;
  edit.length = node.length;
  if (document_->kind(i) == JsonKind::kArray) list_elements(edit);
  node.length = static_cast<uint32_t>(edits_.size());
  node.info |= TapeNode::kEdited;
  if (edited_.empty() || edited_.back() < i) {
    edited_.push_back(i);
  } else {
    edited_.insert(std::upper_bound(edited_.begin(), edited_.end(), i), i);
  }
  bytes_ += sizeof(Edit);
  edits_.push_back(edit);
  return edits_.back();
}

void Overlay::list_elements(Edit& edit) {
  edit.count = document_->count(edit.node);
  edit.capacity = edit.count + 4;
  edit.first = allocate(edit.capacity);
  Child* child = children_.get() + edit.first;
  const NodeIndex end = document_->next(edit.node);
  for (NodeIndex at = edit.node + 1; at < end; at = document_->next(at), ++child) {
    child->name = at;
    child->tag = Tag::kNode;
    child->node = at;
  }
}

void Overlay::add_patch(Edit& edit, NodeIndex name, const Value& value) {
  const auto index = static_cast<uint32_t>(patches_.size());
  patches_.emplace_back();
  Patch& patch = patches_.back();
  patch.child.name = name;
  patch.child.set(value);
  patch.following = kNoPatch;
  if (edit.last_patch == kNoPatch) {
    edit.first_patch = index;
  } else {
    Patch& last = patches_[edit.last_patch];
    last.following = index;
    edit.in_order = edit.in_order && last.child.name < name;
  }
  edit.last_patch = index;
  ++edit.patches;
  bytes_ += sizeof(Patch);
  TapeNode& node = document_->mutable_node(name);
  node.info |= TapeNode::kPatched;
  node.next = index;
}

void Overlay::sort_patches(NodeIndex object) {
  Edit& edit = this->edit(object);
  if (edit.in_order) return;
  std::vector<uint32_t> order;
  order.reserve(edit.patches);
  for (uint32_t at = edit.first_patch; at != kNoPatch; at = patches_[at].following) {
    order.push_back(at);
  }
  std::sort(order.begin(), order.end(), [this](uint32_t left, uint32_t right) {
    return patches_[left].child.name < patches_[right].child.name;
  });
  edit.first_patch = order.front();
  edit.last_patch = order.back();
  for (size_t k = 1; k < order.size(); ++k) patches_[order[k - 1]].following = order[k];
  patches_[edit.last_patch].following = kNoPatch;
  edit.in_order = true;
}

void Overlay::learn_names(Edit& edit) {  // only names of the record: a new one comes later
  const TapeNode* const tape = document_->tape();
  const char* const text = document_->text().data();
  const NodeIndex end = tape[edit.node].next;
  for (NodeIndex at = edit.node + 1; at < end;) {
    const TapeNode& name = tape[at];
    edit.names |= (name.info & TapeNode::kEscaped) != 0 ? kAnyName
                                                        : name_bit(text + name.offset, name.length);
    // Behind a scalar the next name is known without waiting for the load of `next`.
    at = document_->kind(at + 1) < JsonKind::kArray ? at + 2 : tape[at + 1].next;
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
    const uint32_t capacity = std::max<uint32_t>(4, edit.capacity * 2);
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

const Text* Overlay::copy(std::string_view text, Arena& arena) {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): in the arena, which owns it
  auto* const head = new (arena.allocate(bytes_of_copy(text), alignof(Text))) Text;
  head->size = static_cast<uint32_t>(text.size());
  scan::copy_bytes(reinterpret_cast<char*>(head + 1), text.data(), text.size());
  head->plain = scan::all_plain_padded(reinterpret_cast<const char*>(head + 1), text.size());
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
