// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/guard.h"

#include <lua.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

#include "runtime/script/observer.h"
#include "runtime/script/state.h"
#include "runtime/script/ticker.h"

namespace sluice::script {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPooled = false;  // the sanitizer is to see each block
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
#else
constexpr bool kPooled = true;
#endif

constexpr size_t kChunk = 16 * 1024;
constexpr int kHookInterval = 1000;              // instructions between two looks at the clock
constexpr uint64_t kCountFromStart = 5'000'000;  // caps below this are counted exactly
constexpr int kTicksToHook = 2;                  // the first tick may come at once
constexpr uint64_t kNativeInterval = 1 << 20;    // native steps between two looks at the clock
constexpr uint64_t kChurnInterval = 4 << 20;     // allocated bytes between two looks at the clock
constexpr uint64_t kBrim = 16;  // less than this part of the memory free after a collection is none

bool pooled(size_t bytes) { return kPooled && bytes != 0 && bytes <= BlockPool::kLargest; }

int64_t wall_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

void* BlockPool::refill(size_t list) {
  std::unique_ptr<char[]> chunk(new (std::nothrow) char[kChunk]);
  if (!chunk) return nullptr;
  const size_t size = (list + 1) * 16;
  char* const first = chunk.get();
  for (size_t at = size; at + size <= kChunk; at += size) give(first + at, size);
  chunks_.push_back(std::move(chunk));
  return first;
}

// NOLINTBEGIN(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory): lua_Alloc is realloc
void* BlockList::resize(void* block, size_t bytes) {
  Link* link = block == nullptr ? nullptr : static_cast<Link*>(block) - 1;
  if (bytes > SIZE_MAX - sizeof(Link)) return nullptr;
  auto* const moved = static_cast<Link*>(std::realloc(link, sizeof(Link) + bytes));
  if (moved == nullptr) return nullptr;
  if (link == nullptr) {
    moved->next = end_.next;
    moved->previous = &end_;
  }
  moved->next->previous = moved;
  moved->previous->next = moved;
  return moved + 1;
}

void BlockList::give(void* block) {
  Link* const link = static_cast<Link*>(block) - 1;
  link->next->previous = link->previous;
  link->previous->next = link->next;
  std::free(link);
}

void BlockList::give_all() {
  for (Link* link = end_.next; link != &end_;) {
    Link* const next = link->next;
    std::free(link);
    link = next;
  }
  end_.next = end_.previous = &end_;
}
// NOLINTEND(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)

bool Guard::free_everything() {
  if (!kPooled) return false;
  large_.give_all();
  return true;
}

void* Guard::allocate(void* guard, void* block, size_t old_size, size_t new_size) {
  // With no block, old_size is a kind of object, not a size.
  return static_cast<Guard*>(guard)->reallocate(block, block == nullptr ? 0 : old_size, new_size);
}

void* Guard::reallocate(void* block, size_t old_size, size_t new_size) {
  if (new_size > old_size && refuse(new_size - old_size)) return nullptr;
  void* const result = resize(block, old_size, new_size);
  if (result == nullptr && new_size != 0) return nullptr;
  used_ += new_size;
  used_ -= old_size;
  return result;
}

void* Guard::resize(void* block, size_t old_size, size_t new_size) {
  const bool was_pooled = pooled(old_size);
  const auto release = [&] { was_pooled ? pool_.give(block, old_size) : give_large(block); };
  if (new_size == 0) {
    if (block != nullptr) release();
    return nullptr;
  }
  const bool is_pooled = pooled(new_size);
  if (!was_pooled && !is_pooled) return resize_large(block, new_size);
  if (was_pooled && is_pooled && BlockPool::same_list(old_size, new_size)) return block;
  void* const moved = is_pooled ? pool_.take(new_size) : resize_large(nullptr, new_size);
  if (moved == nullptr || block == nullptr) return moved;
  std::memcpy(moved, block, std::min(old_size, new_size));
  release();
  return moved;
}

// NOLINTBEGIN(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory): lua_Alloc is realloc
void* Guard::resize_large(void* block, size_t bytes) {
  return kPooled ? large_.resize(block, bytes) : std::realloc(block, bytes);
}

void Guard::give_large(void* block) {
  if (kPooled) {
    large_.give(block);
  } else {
    std::free(block);
  }
}
// NOLINTEND(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)

// Lua answers most refusals by collecting garbage and asking once more: the second refusal of the
// same request is the cap. Where it does not ask again the call fails, see call_failed().
bool Guard::refuse(size_t more) {
  if (cap_ != Cap::kNone) return true;
  churn_ += more;
  if (churn_ > kChurnInterval && L_ != nullptr) [[unlikely]] {
    churn_ = 0;
    if (overdue() != Cap::kNone) set_hook(1);  // a refusal would cost a whole collection
  }
  if (used_ + extra_ + more <= limits_.memory_bytes) [[likely]] {
    if (more != refused_) return false;
    refused_ = 0;
    if (!brimful(more)) return false;
    cap_ = Cap::kMemory;
    return true;
  }
  if (L_ != nullptr) note_place();
  if (refused_ == more) cap_ = Cap::kMemory;
  refused_ = more;
  return true;
}

// After a collection: is so little free that the next one is due at once? A script at the brim
// would spend all its time, a whole collection for every few objects, between two instructions.
bool Guard::brimful(size_t more) const {
  return used_ + extra_ + more > limits_.memory_bytes - limits_.memory_bytes / kBrim;
}

void Guard::attach(lua_State* L) {
  L_ = L;
  ticks_arrive_ = Ticker::works();
  counts_always_ = observer_ != nullptr || limits_.instructions < kCountFromStart || !ticks_arrive_;
  if (counts_always_) set_hook(interval());
}

int Guard::interval() const {
  return observer_ == nullptr ? kHookInterval : std::min(observer_->interval(), kHookInterval);
}

// Lua goes through all frames of the stack to set one, which may be hundreds of thousands.
void Guard::set_hook(int interval) {
  if (interval == 1 && interval_.load(std::memory_order_relaxed) == 1) return;
  interval_.store(interval, std::memory_order_relaxed);
  const bool lines = observer_ != nullptr && observer_->lines() && !capped();
  const int events = lines ? LUA_MASKCOUNT | LUA_MASKLINE : LUA_MASKCOUNT;
  lua_sethook(L_, interval == 0 ? nullptr : &Guard::hook, interval == 0 ? 0 : events, interval);
}

void Guard::begin(int64_t cpu_us) {
  cpu_us_ = cpu_us;
  extra_ = 0;
  refused_ = 0;
  instructions_ = 0;
  native_left_ = kNativeInterval;
  cpu_start_us_ = kNotRead;
  wall_start_us_ = kNotRead;
  const int before = ticks_.load(std::memory_order_relaxed);
  ticks_.store(0, std::memory_order_relaxed);
  const bool watched = ticks_arrive_ && Ticker::watch(this);
  if (counts_always_) return;
  if (!watched) {
    set_hook(interval());
  } else if (before >= kTicksToHook) {
    set_hook(0);
  }
}

void Guard::end() { Ticker::unwatch(); }

int64_t Guard::spent_us() const {
  return cpu_start_us_ == kNotRead ? ticked_us() : Ticker::thread_cpu_us() - cpu_start_us_;
}

void Guard::tick() {
  const int ticks = ticks_.load(std::memory_order_relaxed) + 1;
  ticks_.store(ticks, std::memory_order_relaxed);
  if (ticked_us() >= cpu_us_) {
    set_hook(1);
  } else if (ticks == kTicksToHook && !counts_always_) {
    set_hook(kHookInterval);
  }
}

// Processor time that has passed for certain since begin(): the first tick may come at once.
int64_t Guard::ticked_us() const {
  const int ticks = ticks_.load(std::memory_order_relaxed);
  return int64_t{std::max(ticks - 1, 0)} * Ticker::kPeriodMs * 1000;
}

void Guard::hook(lua_State* L, lua_Debug* event) {
  Guard& guard = State::of(L).guard;
  if (guard.capped()) guard.raise_again();
  if (event->event == LUA_HOOKLINE) {
    guard.observer_->on_line(L, event);
    return;
  }
  if (guard.observer_ != nullptr) guard.observer_->on_count(L, event);
  guard.instructions_ += static_cast<uint64_t>(guard.interval());
  if (guard.instructions_ > guard.limits_.instructions) guard.raise(Cap::kInstructions);
  if (guard.ticked_us() >= guard.cpu_us_) guard.raise(Cap::kCpu);
  if (const Cap cap = guard.overdue(); cap != Cap::kNone) guard.raise(cap);
}

void Guard::spend_slow() {
  native_left_ = kNativeInterval;
  if (capped()) raise(cap_);
  if (const Cap cap = overdue(); cap != Cap::kNone) raise(cap);
}

bool Guard::afford_slow() {
  native_left_ = kNativeInterval;
  if (capped()) return false;
  const Cap cap = overdue();
  if (cap == Cap::kNone) return true;
  note_place();
  cap_ = cap;
  return false;
}

void Guard::expect(uint64_t bytes) {
  if (bytes > limits_.memory_bytes || used_ + extra_ + bytes > limits_.memory_bytes) {
    raise(Cap::kMemory);
  }
}

// The clocks start at the first look, so that a short call never pays for them; reading processor
// time is a system call and is left out while even the wall clock shows little.
Cap Guard::overdue() {
  const int64_t wall = wall_us();
  const int64_t ticked = ticked_us();
  if (wall_start_us_ == kNotRead) wall_start_us_ = wall - ticked;
  const int64_t elapsed = wall - wall_start_us_;
  if (elapsed < std::min<int64_t>(1000, cpu_us_ / 4)) return Cap::kNone;
  if (elapsed > limits_.wall_us) return Cap::kWall;
  if (cpu_start_us_ != kNotRead && elapsed < cpu_us_) return Cap::kNone;
  const int64_t cpu = Ticker::thread_cpu_us();
  if (cpu_start_us_ == kNotRead) cpu_start_us_ = cpu - ticked;
  return cpu - cpu_start_us_ > cpu_us_ ? Cap::kCpu : Cap::kNone;
}

void Guard::note_place() {
  place_ = State::of(L_).name + ": ";
  lua_Debug frame;
  for (int level = 0; lua_getstack(L_, level, &frame) != 0; ++level) {
    lua_getinfo(L_, "Sl", &frame);
    if (frame.currentline <= 0) continue;
    place_ = std::string(frame.short_src) + ":" + std::to_string(frame.currentline) + ": ";
    return;
  }
}

void Guard::raise(Cap cap) {
  if (cap_ == Cap::kNone) {
    note_place();
    cap_ = cap;
  }
  // From here on each instruction fails, also those of __close handlers while unwinding.
  set_hook(1);
  lua_pushlightuserdata(L_, nullptr);  // needs no memory; describe() has the text
  lua_error(L_);
  __builtin_unreachable();
}

std::string Guard::describe() const {
  switch (cap_) {
    case Cap::kNone:
      return {};
    case Cap::kMemory:
      return place_ + "the script needs more than its memory cap of " +
             std::to_string(limits_.memory_bytes) + " bytes (memory_bytes)";
    case Cap::kInstructions:
      return place_ + "the script ran more than its cap of " +
             std::to_string(limits_.instructions) + " instructions (instructions)";
    case Cap::kCpu:
      return place_ + "the script used more than its cap of " + std::to_string(limits_.cpu_us) +
             " microseconds of processor time (cpu_us)";
    case Cap::kWall:
      return place_ + "the script took longer than its cap of " + std::to_string(limits_.wall_us) +
             " microseconds (wall_us)";
  }
  return {};
}

}  // namespace sluice::script
