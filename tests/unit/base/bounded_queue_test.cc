// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace sluice {
namespace {

using Queue = BoundedQueue<std::unique_ptr<int>>;

std::chrono::steady_clock::time_point past() {
  return std::chrono::steady_clock::now() - std::chrono::seconds(1);
}

bool offer(Queue& queue, int value, size_t bytes) {
  auto item = std::make_unique<int>(value);
  const bool taken = queue.push_until(item, bytes, past());
  EXPECT_EQ(item == nullptr, taken);  // what was not taken is still the caller's
  return taken;
}

TEST(BoundedQueue, KeepsOrder) {
  Queue queue(100, 100);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(offer(queue, i, 1));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(**queue.pop(), i);
}

TEST(BoundedQueue, IsBoundedByBytesAndByItems) {
  Queue bytes(10, 100);
  EXPECT_TRUE(offer(bytes, 1, 6));
  EXPECT_FALSE(offer(bytes, 2, 6));
  EXPECT_TRUE(offer(bytes, 2, 4));
  EXPECT_EQ(bytes.bytes(), 10U);
  Queue items(100, 2);
  EXPECT_TRUE(offer(items, 1, 1));
  EXPECT_TRUE(offer(items, 2, 1));
  EXPECT_FALSE(offer(items, 3, 1));
  EXPECT_EQ(items.size(), 2U);
}

TEST(BoundedQueue, AdmitsOneItemHoweverLarge) {
  Queue queue(10, 10);
  EXPECT_TRUE(offer(queue, 1, 1000));
  EXPECT_FALSE(offer(queue, 2, 1));
  EXPECT_EQ(**queue.pop(), 1);
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_TRUE(offer(queue, 2, 1));
}

TEST(BoundedQueue, GivesNothingAfterTheDeadline) {
  Queue queue(10, 10);
  EXPECT_EQ(queue.pop_until(past()), std::nullopt);
}

TEST(BoundedQueue, CloseKeepsWhatIsInsideAndRefusesMore) {
  Queue queue(10, 10);
  ASSERT_TRUE(offer(queue, 7, 1));
  queue.close();
  EXPECT_TRUE(queue.closed());
  auto item = std::make_unique<int>(8);
  EXPECT_FALSE(queue.push(item, 1));
  EXPECT_NE(item, nullptr);
  EXPECT_EQ(**queue.pop(), 7);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, CloseWakesBothSides) {
  Queue full(1, 1);
  ASSERT_TRUE(offer(full, 1, 1));
  Queue empty(1, 1);
  std::jthread pusher([&full] {
    auto item = std::make_unique<int>(2);
    EXPECT_FALSE(full.push(item, 1));
  });
  std::jthread popper([&empty] { EXPECT_EQ(empty.pop(), std::nullopt); });
  full.close();
  empty.close();
}

TEST(BoundedQueue, LosesAndDoublesNothingBetweenThreads) {
  BoundedQueue<int> queue(8, 4);
  constexpr int kEach = 2000;
  std::atomic<int64_t> sum{0};
  std::atomic<int> count{0};
  {
    std::vector<std::jthread> poppers;
    for (int t = 0; t < 2; ++t) {
      poppers.emplace_back([&] {
        while (const auto item = queue.pop()) {
          sum += *item;
          ++count;
        }
      });
    }
    {
      std::vector<std::jthread> pushers;
      for (int t = 0; t < 2; ++t) {
        pushers.emplace_back([&queue, t] {
          for (int i = 0; i < kEach; ++i) {
            int item = t * kEach + i;
            ASSERT_TRUE(queue.push(item, 1 + static_cast<size_t>(i % 3)));
          }
        });
      }
    }
    queue.close();
  }
  EXPECT_EQ(count, 2 * kEach);
  EXPECT_EQ(sum, int64_t{2 * kEach - 1} * kEach);
}

}  // namespace
}  // namespace sluice
