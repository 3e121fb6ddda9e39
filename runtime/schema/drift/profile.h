// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/schema/drift/classify.h"

namespace sluice::drift {

// Bounds of what is kept of one source, whatever it sends.
struct Bounds {
  uint32_t paths = 10'000;        // different paths
  uint32_t depth = 32;            // of a path
  uint32_t name_bytes = 256;      // of a member's name
  uint32_t members = 1024;        // different members of one object
  uint32_t paths_a_record = 500;  // new ones from one record
  uint32_t elements = 1024;       // of an array that are looked at
  uint32_t strangers = 256;       // unknown members of one object that are looked at, a record
};

// Distinct short strings, as long as they are few: then the field is like an enum.
class ValueSet {
 public:
  static constexpr size_t kMost = 16;
  static constexpr size_t kLongest = 40;  // bytes; a longer value makes it no enum

  void add(std::string_view text);
  // `tag` of a text: value_tag(). Meaningless once there were too many.
  [[nodiscard]] bool has(uint32_t tag) const;
  [[nodiscard]] bool few() const { return !over_ && !texts_.empty(); }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
  void forget();  // there are too many

 private:
  std::array<uint32_t, kMost> tags_{};
  std::vector<std::string> texts_;
  bool over_ = false;
};
uint32_t value_tag(std::string_view text);

// What was seen at one path.
struct Facts {
  uint64_t seen = 0;     // values
  uint64_t objects = 0;  // of these, objects: what its members' `seen` compares with
  Found found;           // its `values` stay empty, see below
  ValueSet values;

  void merge(const Facts& other);
};

// What the records of a source look like: every path with what was seen there, elements of an array
// folded into one. Learned from records, merged from several workers, kept on disk; a baseline once
// it is settled. Not thread-safe; immutable ones may be shared.
class Profile {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = UINT32_MAX;
  static constexpr Id kRoot = 0;
  struct Path {
    Id parent = kNone;
    uint16_t depth = 0;
    bool element = false;   // of an array; has no name
    bool map_like = false;  // names of its members are data, so they are not watched
    bool hidden = false;    // sensitive: values are not kept
    uint32_t hash = 0;
    uint32_t children = 0;
    std::string name;
    Facts facts;
  };

  explicit Profile(const Bounds& bounds = {});

  // Adds what a record shows.
  void learn(const Document& document, const Sensitive& sensitive);
  // Adds what another one has learned.
  void merge(const Profile& other);
  // Learning is over: tells maps from objects, and drops what was seen once in many records.
  void settle();

  [[nodiscard]] uint64_t records() const { return records_; }
  [[nodiscard]] uint64_t refused() const { return refused_; }  // paths not kept: too many
  [[nodiscard]] size_t size() const { return paths_.size(); }
  // Parents come before their children.
  [[nodiscard]] const Path& path(Id id) const { return paths_[id]; }
  [[nodiscard]] Id find(Id parent, std::string_view name) const;
  [[nodiscard]] Id element(Id parent) const;
  [[nodiscard]] std::string pointer(Id id) const;
  // Was it in every one of at least `evidence` objects?
  [[nodiscard]] bool always_there(Id id, uint64_t evidence) const;

  // Bytes for disk, and back; nothing when they are not a profile of this version.
  [[nodiscard]] std::string encode() const;
  static std::optional<Profile> decode(std::string_view bytes, const Bounds& bounds);

 private:
  friend class ProfileDecoder;
  struct Frame {
    NodeIndex end;
    Id path;
    bool object;
    uint32_t left;  // elements, or members that are not kept, still looked at
  };
  Id add(Id parent, std::string_view name, bool element);
  Id lookup(Id parent, std::string_view name, uint32_t hash) const;
  void index(Id id);
  void see(const Document& document, NodeIndex node, Id id);
  void see_string(std::string_view text, Path& path);
  void keep_if(const std::vector<bool>& kept);

  Bounds bounds_;
  std::vector<Path> paths_;
  std::vector<Id> table_;  // by hash of parent and name, open addressing; kNone: free
  uint64_t records_ = 0;
  uint64_t refused_ = 0;
  uint32_t new_left_ = 0;  // paths the record at hand may still add
};

}  // namespace sluice::drift
