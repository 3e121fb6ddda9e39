// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sha256_batch.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "runtime/base/text.h"

namespace sluice {
namespace {

// Texts of these lengths with bytes of every value.
std::vector<std::string> texts_of(const std::vector<size_t>& lengths) {
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (const size_t length : lengths) {
    std::string text(length, '\0');
    for (char& c : text) c = static_cast<char>(random());
    texts.push_back(std::move(text));
  }
  return texts;
}

using Way = void (*)(std::span<const std::string_view>, Sha256Digest*);

void expect_same_as_one_by_one(const std::vector<std::string>& texts, Way way) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<Sha256Digest> digests(texts.size());
  way(views, digests.data());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(to_hex(digests[i]), sha256_hex(texts[i])) << "text " << i << " of " << texts.size();
  }
}

// What this processor can do.
std::vector<Way> ways() {
  std::vector<Way> all{&sha256_batch, &detail::sha256_one_by_one};
  if (detail::has_avx512()) all.push_back(&detail::sha256_sixteen);
  if (detail::has_sha_instructions()) all.push_back(&detail::sha256_side_by_side);
  return all;
}

class Sha256Batch : public testing::TestWithParam<Way> {};

TEST_P(Sha256Batch, EveryLengthAroundThePadding) {
  std::vector<size_t> lengths;
  for (size_t length = 0; length <= 260; ++length) lengths.push_back(length);
  expect_same_as_one_by_one(texts_of(lengths), GetParam());
}

TEST_P(Sha256Batch, LengthsOfAllKindsSideBySide) {
  std::mt19937 random(11);
  std::vector<size_t> lengths;
  for (int i = 0; i < 500; ++i)
    lengths.push_back(random() % 3 == 0 ? random() % 70 : random() % 3000);
  expect_same_as_one_by_one(texts_of(lengths), GetParam());
}

TEST_P(Sha256Batch, FewTexts) {
  expect_same_as_one_by_one({}, GetParam());
  expect_same_as_one_by_one(texts_of({469}), GetParam());
  expect_same_as_one_by_one(texts_of({100'000, 1}), GetParam());
  expect_same_as_one_by_one(texts_of({1, 100'000, 64}), GetParam());
}

TEST_P(Sha256Batch, OneLongTextAmongManyShortOnes) {
  std::vector<size_t> lengths(100, 200);
  lengths[3] = 300'000;
  expect_same_as_one_by_one(texts_of(lengths), GetParam());
}

TEST_P(Sha256Batch, EveryNumberOfTexts) {
  for (size_t n = 0; n <= 40; ++n) {
    std::vector<size_t> lengths;
    for (size_t i = 0; i < n; ++i) lengths.push_back(i * 37 % 400);
    expect_same_as_one_by_one(texts_of(lengths), GetParam());
  }
}

TEST_P(Sha256Batch, KnownDigest) {
  const std::vector<std::string_view> texts{"abc", ""};
  Sha256Digest digests[2];
  GetParam()(texts, digests);
  EXPECT_EQ(to_hex(digests[0]), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(digests[1]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

INSTANTIATE_TEST_SUITE_P(EachWay, Sha256Batch, testing::ValuesIn(ways()));

}  // namespace
}  // namespace sluice
