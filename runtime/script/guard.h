// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/script/script.h"

struct lua_State;
struct lua_Debug;

namespace sluice::script {

class Observer;

enum class Cap : uint8_t { kNone, kMemory, kInstructions, kCpu, kWall };

// Small blocks of a Lua state, kept in lists by size: strings and tables come and go with every
// record, and malloc would be a large share of the time of a short script.
class BlockPool {
 public:
  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  static constexpr size_t kLargest = 256;
  void* take(size_t bytes) {
    void*& head = free_[list(bytes)];
    if (head == nullptr) return refill(list(bytes));
    void* const block = head;
    head = *static_cast<void**>(block);
    return block;
  }
  void give(void* block, size_t bytes) {
    void*& head = free_[list(bytes)];
    *static_cast<void**>(block) = head;
    head = block;
  }
  static bool same_list(size_t a, size_t b) { return list(a) == list(b); }

 private:
  static size_t list(size_t bytes) { return (bytes - 1) / 16; }
  void* refill(size_t list);

  std::array<void*, kLargest / 16> free_{};
  std::vector<std::unique_ptr<char[]>> chunks_;
};

// Blocks that are too large for the pool, each with its neighbours in front of it, so that all can
// be freed without asking the state where they are.
class BlockList {
 public:
  BlockList() { end_.next = end_.previous = &end_; }
  BlockList(const BlockList&) = delete;
  BlockList& operator=(const BlockList&) = delete;

  // As realloc and free; null: no memory, and the block is as it was.
  void* resize(void* block, size_t bytes);
  void give(void* block);
  void give_all();

 private:
  struct alignas(16) Link {
    Link* next;
    Link* previous;
  };
  Link end_;
};

// The caps of one Lua state: memory through its allocator, instructions and time through a count
// hook, time also in native loops that call spend(). Unless the instruction cap is small the hook
// is set only when a call has run for some milliseconds (see ticker.h), and counts from there. When
// the ticks say that the cap on processor time has passed, the hook comes with the next
// instruction: a thousand comparisons of long strings may take seconds. Once a cap is hit
// everything fails until the state is thrown away, so that a script cannot catch the error and go
// on. Not thread-safe.
class Guard {
 public:
  explicit Guard(const ScriptLimits& limits) : limits_(limits) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // A lua_Alloc; `guard` is the Guard.
  static void* allocate(void* guard, void* block, size_t old_size, size_t new_size);
  void attach(lua_State* L);
  // Before attach(); null: nobody looks.
  void observe(Observer* observer) { observer_ = observer; }
  // A call begins: time and instructions count anew. It ends with end(), on the same thread. The
  // second may have less processor time than the cap.
  void begin() { begin(limits_.cpu_us); }
  void begin(int64_t cpu_us);
  void end();
  // Processor time of this thread since begin(), as far as it was looked at.
  [[nodiscard]] int64_t spent_us() const;
  // Frees all that the state holds, instead of lua_close(), which goes through every object:
  // nothing of ours has a finalizer. False: blocks are not listed in this build, and nothing was
  // freed.
  bool free_everything();
  // From the signal handler: some milliseconds of processor time have passed.
  void tick();

  // Work done outside the Lua machine, one step being about a nanosecond. Raises a Lua error when
  // a time cap is hit.
  void spend(uint64_t steps) {
    if (steps < native_left_) [[likely]] {
      native_left_ -= steps;
    } else {
      spend_slow();
    }
  }
  // The same where nothing may be raised: answers false when a time cap is hit.
  [[nodiscard]] bool afford(uint64_t steps) {
    if (steps < native_left_) [[likely]] {
      native_left_ -= steps;
      return true;
    }
    return afford_slow();
  }
  // Bytes held for the script outside Lua, counted against its memory cap until begin().
  void charge(uint64_t bytes) {
    extra_ += bytes;
    if (used_ + extra_ > limits_.memory_bytes) [[unlikely]]
      raise(Cap::kMemory);
  }
  // The same for as long as the state lives, or until released.
  void hold(uint64_t bytes) {
    expect(bytes);
    used_ += bytes;
  }
  void release(uint64_t bytes) { used_ -= bytes; }
  // Work of a library function that passes over `n` elements, counted as instructions.
  void count(uint64_t n) {
    instructions_ += n;
    if (n > limits_.instructions || instructions_ > limits_.instructions) {
      raise(Cap::kInstructions);
    }
  }
  // Would this many more bytes pass the cap? Then raises.
  void expect(uint64_t bytes);

  [[noreturn]] void raise(Cap cap);
  [[noreturn]] void raise_again() { raise(cap_); }
  [[nodiscard]] bool capped() const { return cap_ != Cap::kNone; }
  [[nodiscard]] Cap cap() const { return cap_; }
  // A protected call failed: if memory was refused to it, that was the cap.
  void call_failed() {
    if (refused_ != 0) cap_ = Cap::kMemory;
  }
  // "orders.lua:3: the script used more than 100 ms of processor time (limit cpu_us)".
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] uint64_t used() const { return used_; }
  [[nodiscard]] const ScriptLimits& limits() const { return limits_; }

 private:
  static constexpr int64_t kNotRead = -1;
  static void hook(lua_State* L, lua_Debug* event);
  void* reallocate(void* block, size_t old_size, size_t new_size);
  void* resize(void* block, size_t old_size, size_t new_size);
  void* resize_large(void* block, size_t bytes);
  void give_large(void* block);
  bool refuse(size_t new_size);
  void spend_slow();
  bool afford_slow();
  [[nodiscard]] int64_t ticked_us() const;
  [[nodiscard]] bool brimful(size_t more) const;
  Cap overdue();
  void note_place();
  [[nodiscard]] int interval() const;
  void set_hook(int interval);

  const ScriptLimits limits_;
  lua_State* L_ = nullptr;
  Observer* observer_ = nullptr;
  BlockPool pool_;
  BlockList large_;
  int64_t cpu_us_ = limits_.cpu_us;  // of this call
  uint64_t used_ = 0;
  uint64_t extra_ = 0;
  uint64_t churn_ = 0;  // bytes allocated since the clock was last read
  size_t refused_ = 0;  // size of a request that Lua will repeat after collecting garbage
  uint64_t instructions_ = 0;
  uint64_t native_left_ = 0;
  int64_t cpu_start_us_ = kNotRead;
  int64_t wall_start_us_ = kNotRead;
  bool counts_always_ = true;
  bool ticks_arrive_ = false;
  std::atomic<int> ticks_ = 0;     // of this call; written by the handler
  std::atomic<int> interval_ = 0;  // of the hook, as it was last set
  Cap cap_ = Cap::kNone;
  std::string place_;
};

}  // namespace sluice::script
