// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/schema/drift/declared.h"
#include "runtime/schema/drift/ledger.h"
#include "runtime/schema/drift/profile.h"
#include "runtime/schema/validator.h"

namespace sluice::drift {

// What a field that the schema does not declare leads to.
enum class Strangers : uint8_t { kIgnore, kReport, kReject };

struct ObserverOptions {
  std::shared_ptr<const Declared> declared;  // null: there is no schema
  Sensitive sensitive;
  Strangers strangers = Strangers::kReport;
  double sample = 1;   // share of records looked at; 0: none but those that fail are
  bool record = true;  // false: nothing is kept, only strangers are refused
  std::string schema_version;
};

// One worker's eye on one source: compares each record with the baseline and with what the schema
// declares, and counts what differs, until the next report to the ledger. While the ledger still
// learns, records that pass are learned from.
//
// A record is looked at in one walk over its tape, where every step guesses that it goes as in the
// record before; a steady load allocates nothing and asks nothing of others. Not thread-safe.
class Observer {
 public:
  Observer(Ledger& ledger, uint32_t source, ObserverOptions options);

  // Around the records of a batch.
  void begin(int64_t now_us);
  void end();

  // A record that the schema (if any) lets pass. False: it is to be rejected, since it holds a
  // member that is not declared; stranger() says which, as a JSON Pointer. `raw`: the bytes as they
  // came, when the document is not of them.
  bool passed(const Document& document, std::string_view raw = {});
  [[nodiscard]] const std::string& stranger() const { return stranger_; }
  // A record that its schema refuses, and why. `own`: that schema is the one of the options; of
  // records of an older version only the failures are told.
  void failed(const Document& document, const std::vector<SchemaFailure>& failures, bool own = true,
              std::string_view raw = {});

 private:
  using NodeId = uint32_t;
  using SlotId = uint32_t;
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr NodeId kNobody = 0;  // as a guess: the record's own node, which has no name

  // Flags of a node.
  static constexpr uint8_t kAlways = 1;     // must be in every object; bit 0: counted by adding
  static constexpr uint8_t kRequired = 2;   // and that is what the schema says
  static constexpr uint8_t kUnwatched = 4;  // nothing below is looked at
  static constexpr uint8_t kStrange = 8;    // the schema lists the members, and this is not one
  static constexpr uint8_t kFresh = 16;     // it was not there in the baseline
  static constexpr uint8_t kElement = 32;   // stands for elements of an array or values of a map
  static constexpr uint8_t kHidden = 64;
  static constexpr uint8_t kExpanded = 128;  // required members have their nodes

  // A place in records, with what may be met there without being news. One cache line: the walk
  // needs no more.
  struct alignas(64) Node {
    const char* name = nullptr;
    uint32_t name_size = 0;
    NodeId follows = kNobody;  // of its siblings, the one that came next last time
    TypeMask types = kAnyType;
    uint8_t flags = 0;
    FormMask forms = 0xFF;
    Form form = Form::kPlain;    // of the last string
    uint8_t digits_above = 255;  // of a number's integer part
    uint8_t digits_below = 255;  // of a negative one
    uint16_t unused = 0;
    uint32_t longest = UINT32_MAX;
    uint32_t tags = kNone;   // its values, when it is like an enum: index in tags_
    uint32_t stamp = 0;      // of the object it was last met in
    NodeId first = kNobody;  // of its children, the one that came first last time
    NodeId element = kNone;  // child for elements, or for the values of a map
    uint32_t always = 0;     // children with kAlways
    SlotId slot = kNone;     // first of the kinds of drift met here
    NodeId parent = kNone;
    NodeId child = kNone;  // any child; the others by `sibling`
    NodeId sibling = kNone;
  };
  static_assert(sizeof(Node) == 64);
  // The rest of a node, under the same number.
  struct Rest {
    uint32_t hash = 0;
    uint32_t strangers = 0;  // children with kFresh
    Declared::Id shape = Declared::kNone;
    Profile::Id learned = Profile::kNone;
  };
  struct alignas(16) Tags {
    std::array<uint32_t, ValueSet::kMost> tag{};
  };
  struct Frame {
    NodeIndex end = 0;
    NodeId node = 0;
    NodeId last = kNobody;  // child met last
    NodeId guess = kNobody;
    NodeIndex name = 0;  // of the member at hand, or the element
    uint32_t visit = 0;
    uint32_t present = 0;  // children with kAlways met
    uint32_t left = 0;     // elements, or strangers, still looked at
    bool object = false;
    bool cut = false;  // not all of it was looked at
  };
  // One kind of drift at one node.
  struct Slot {
    NodeId node = kNone;
    SlotId next = kNone;
    Kind kind = Kind::kNewField;
    Severity severity = Severity::kInfo;
    bool told = false;     // its texts are made
    bool changed = false;  // what was found grew since
    bool listed = false;   // among dirty_
    uint32_t stamp = 0;    // record it was last met in
    uint32_t raised = 0;   // record in which it was last counted as breaking
    uint64_t count = 0;    // since the last report
    Found found;
    ValueSet values;
    bool hidden = false;
    std::string path, before, after, sample, sha256;
  };

  // observer.cc: the walk
  bool due();
  void start(const Document& document);
  void walk(const Document& document);
  bool check(NodeId id, NodeIndex at, const TapeNode& value, const char* text);
  void check_string(NodeId id, NodeIndex at, std::string_view text);
  void check_number(NodeId id, NodeIndex at, std::string_view text, bool integer);
  NodeId member(Frame& frame, NodeIndex at, const TapeNode& name, const char* text);
  bool open(uint32_t depth, NodeId id, NodeIndex at);
  void close(const Frame& frame);
  static bool is_named(const Node& node, const TapeNode& name, const char* text);

  // observer_nodes.cc: what there is to compare with
  void rebuild();
  void load_baseline();
  [[nodiscard]] bool describes_keys(NodeId id) const;
  NodeId baseline_child(NodeId parent, const Profile::Path& path);
  NodeId add(NodeId parent, std::string_view name, bool element, Declared::Id shape);
  NodeId find(NodeId parent, std::string_view name) const;
  [[nodiscard]] uint32_t hash_of(NodeId parent, std::string_view name) const;
  void index(NodeId id);
  NodeId element_of(NodeId parent, Declared::Id shape);
  NodeId declared_child(NodeId parent, std::string_view name);
  NodeId search(Frame& frame, NodeIndex name_at);
  NodeId stranger_node(Frame& frame, std::string_view name);
  NodeId strange(NodeId id, NodeIndex name_at);
  void expand(NodeId id);
  void set_limits(NodeId id, const Facts& facts);
  void need(NodeId id, uint8_t flags);
  [[nodiscard]] std::string pointer(NodeId id) const;
  [[nodiscard]] const Declared::Shape* shape_of(NodeId id) const;
  [[nodiscard]] bool has_baseline() const {
    return baseline_ != nullptr && baseline_->records() != 0;
  }
  [[nodiscard]] std::string here(uint32_t depth) const;

  // observer_slots.cc: what was met
  Slot* hit(NodeId id, Kind kind, Severity severity, NodeIndex at, std::string_view path = {});
  Slot* make_slot(NodeId id, Kind kind, NodeIndex at, std::string_view path);
  bool allowed(Kind kind);
  void see(Slot& slot, NodeIndex at);
  void odd_type(NodeId id, NodeIndex at, TypeMask type);
  void odd_number(NodeId id, NodeIndex at);
  void absent(NodeId id, uint32_t visit);
  void raise(Slot& slot);
  void failure(const SchemaFailure& failure);
  bool raise_met(NodeId id, std::initializer_list<Kind> kinds);
  bool raise_met_below(NodeId id, std::initializer_list<Kind> kinds);
  struct Place {
    NodeId node = 0;  // of it, or of the nearest place around it
    NodeIndex at = kNoNode;
    bool exact = true;
  };
  Place locate(std::string_view pointer);
  [[nodiscard]] std::string failure_path(const Place& place, std::string_view pointer) const;
  void tell(Slot& slot);
  std::string before_text(NodeId id, Kind kind) const;
  std::string after_text(const Slot& slot) const;

  Ledger& ledger_;
  const uint32_t source_;
  const ObserverOptions options_;
  const Bounds bounds_;
  const uint64_t evidence_;
  Strangers strangers_;  // of the record at hand

  std::shared_ptr<const Profile> baseline_;  // null while it is being learned
  uint64_t to_learn_ = 0;
  Profile learned_;
  std::vector<Node> nodes_;
  std::vector<Rest> rest_;
  std::vector<Tags> tags_;
  std::vector<NodeId> table_;
  Arena names_;
  std::vector<Slot> slots_;
  std::vector<SlotId> dirty_;
  std::vector<Delta> deltas_;
  static constexpr uint32_t kMaxDepth = 64;
  std::array<Frame, kMaxDepth> frames_;
  Arena scratch_{4096};

  const Document* document_ = nullptr;  // the record at hand
  std::string_view raw_;
  std::string record_sha256_;  // empty: not asked for yet
  uint32_t record_ = 0;
  uint32_t visit_ = 0;
  uint32_t weight_ = 1;  // what a hit counts: 0 for a record looked at only because it fails
  bool found_stranger_ = false;
  std::string stranger_;
  double due_ = 0;
  int64_t now_us_ = 0;
  int64_t refilled_us_ = 0;
  double new_fields_allowed_ = 0;  // kinds of drift that may still be taken up, by time
  double new_others_allowed_ = 0;  // apart, so that a flood of names hides nothing else
  uint32_t new_in_record_ = 0;
  uint64_t records_ = 0;  // since the last report
  uint64_t observed_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace sluice::drift
