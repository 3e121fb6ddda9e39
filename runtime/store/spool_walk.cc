// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool_walk.h"

#include <algorithm>
#include <optional>

#include "runtime/store/spool_files.h"

namespace sluice::store {
namespace {

// When nothing behind a damaged place can be found by leaping, so many ids are tried one by one.
constexpr uint64_t kBlindSteps = 1 << 16;
// Leaps double up to here; ids are given one a record, so no spool reaches it.
constexpr uint64_t kLongestLeap = uint64_t{1} << 40;

using Visit = std::function<bool(uint64_t id, std::string_view value)>;

class DamageWalk {
 public:
  DamageWalk(RocksDb& db, char space, const Visit& visit) : db_(db), space_(space), visit_(visit) {}

  bool run() {
    bool whole = true;
    while (!ended_ && !read_on()) {
      whole = false;
      bool last = false;
      step_through(end_of_damage(last));
      ended_ |= last;
    }
    return whole;
  }

 private:
  // From next_ to the end of the space (true) or to the next damage.
  bool read_on() {
    RocksCursor cursor = db_.cursor(/*sequential=*/true);
    for (cursor.seek(spool_key(space_, next_)); cursor.valid(); cursor.next()) {
      const auto id = spool_key_number(space_, cursor.key());
      if (!id) return true;
      next_ = *id + 1;
      if (!visit_(*id, cursor.value())) {
        ended_ = true;
        return true;
      }
    }
    return bool(cursor.status());
  }

  // An id behind the damage from which a walk can go on; or, when there is none, how far ids are
  // worth trying, and the walk ends there.
  uint64_t end_of_damage(bool& last) {
    last = false;
    uint64_t leap = 1;
    for (; leap <= kLongestLeap; leap *= 2) {
      RocksCursor cursor = db_.cursor();
      cursor.seek(spool_key(space_, next_ + leap));
      if (!cursor.valid() && !cursor.status()) continue;
      const auto id = cursor.valid() ? spool_key_number(space_, cursor.key()) : std::nullopt;
      if (id) return *id;
      break;  // nothing of this space is behind the leap
    }
    last = true;
    return next_ + std::min(leap, kBlindSteps);
  }

  // Damage ends somewhere before `end`: what lies between may be found one by one.
  void step_through(uint64_t end) {
    while (next_ < end && !ended_) {
      const uint64_t id = next_++;
      const auto value = db_.get(spool_key(space_, id));
      if (value && *value && !visit_(id, **value)) ended_ = true;
    }
  }

  RocksDb& db_;
  const char space_;
  const Visit& visit_;
  uint64_t next_ = 0;
  bool ended_ = false;
};

}  // namespace

bool walk_past_damage(RocksDb& db, char space, const Visit& visit) {
  return DamageWalk(db, space, visit).run();
}

}  // namespace sluice::store
