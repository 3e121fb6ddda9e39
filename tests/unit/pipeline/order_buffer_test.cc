// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/order_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

class Quiet final : public SettlementListener {
 public:
  void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
  void batch_gone(const Batch&) override {}
};

TEST(OrderBuffer, LetsBatchesGoInTheOrderOfIntake) {
  BatchBufferPool pool;
  Quiet quiet;
  OrderBuffer order;
  std::vector<uint64_t> left;
  const auto complete = [&](uint64_t sequence) {
    auto batch = std::make_shared<Batch>(sluice_batch{}, pool, quiet);
    batch->sequence = sequence;
    order.complete(batch, [&](BatchPtr ready) { left.push_back(ready->sequence); });
  };
  complete(2);
  complete(1);
  EXPECT_TRUE(left.empty());
  complete(0);
  EXPECT_THAT(left, ::testing::ElementsAre(0, 1, 2));
  complete(3);
  EXPECT_EQ(left.back(), 3U);
}

}  // namespace
}  // namespace sluice
