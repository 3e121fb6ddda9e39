// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/plugins_common/compress.h"

namespace sluice::common {
namespace {

using fakes::gzip;
using fakes::zstd;

struct Decoded {
  std::string text;
  std::string error;
  bool whole = false;
};

Decoded decode(Compression kind, std::string_view in, std::size_t in_piece, std::size_t out_piece,
               std::uint64_t max_expansion = 5000) {
  StreamDecoder decoder(kind, max_expansion);
  Decoded result;
  std::vector<char> out(out_piece);
  std::size_t have = 0;  // bytes of `in` not yet used but handed in
  for (;;) {
    const auto step = decoder.decode({in.data(), have}, out);
    result.text.append(out.data(), step.made);
    in.remove_prefix(step.used);
    have -= step.used;
    result.error = step.error;
    if (!step.error.empty()) break;
    if (step.used > 0 || step.made > 0) continue;
    if (have == in.size()) break;
    have = std::min(in.size(), have + in_piece);
  }
  result.whole = decoder.whole();
  EXPECT_EQ(decoder.bytes_out(), result.text.size());
  return result;
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "{\"n\":" + std::to_string(i * 7919) + "}\n";
  return text;
}

struct Kind {
  Compression compression;
  std::string (*compress)(std::string_view);
};
constexpr Kind kKinds[] = {{Compression::kGzip, gzip}, {Compression::kZstd, zstd}};

TEST(StreamDecoder, DecodesWhateverThePiecesAre) {
  const std::string text = sample();
  for (const Kind& kind : kKinds) {
    const std::string packed = kind.compress(text);
    for (const std::size_t in : {std::size_t{1}, std::size_t{777}, packed.size()}) {
      for (const std::size_t out : {std::size_t{13}, std::size_t{1} << 16}) {
        const Decoded got = decode(kind.compression, packed, in, out);
        EXPECT_EQ(got.error, "");
        EXPECT_TRUE(got.whole);
        EXPECT_TRUE(got.text == text) << in << " " << out;
      }
    }
  }
}

TEST(StreamDecoder, ReadsConcatenatedMembersAsOneStream) {
  for (const Kind& kind : kKinds) {
    const std::string packed =
        kind.compress("first\n") + kind.compress("") + kind.compress("second\n");
    for (const std::size_t in : {1U, 5U, 1000U}) {
      const Decoded got = decode(kind.compression, packed, in, 4);
      EXPECT_EQ(got.text, "first\nsecond\n");
      EXPECT_EQ(got.error, "");
      EXPECT_TRUE(got.whole);
    }
  }
}

TEST(StreamDecoder, TellsAStreamThatIsCutOffAnywhere) {
  for (const Kind& kind : kKinds) {
    const std::string packed = kind.compress("some text, some more text, and the end");
    for (std::size_t cut = 1; cut < packed.size(); ++cut) {
      const Decoded got = decode(kind.compression, packed.substr(0, cut), 3, 64);
      EXPECT_EQ(got.error, "") << cut;
      EXPECT_FALSE(got.whole) << cut;
    }
  }
}

TEST(StreamDecoder, TellsASecondMemberThatIsCutOff) {
  const std::string packed = gzip("first\n") + gzip("second\n").substr(0, 12);
  const Decoded got = decode(Compression::kGzip, packed, 100, 100);
  EXPECT_EQ(got.text.substr(0, 6), "first\n");
  EXPECT_FALSE(got.whole);
}

TEST(StreamDecoder, NamesDamage) {
  std::string packed = gzip(sample());
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
  EXPECT_TRUE(decode(Compression::kGzip, packed, 512, 512).error.starts_with("gzip: "));
  std::string frames = zstd(sample());
  frames[4] = '\xff';
  EXPECT_TRUE(decode(Compression::kZstd, frames, 512, 512).error.starts_with("zstd: "));
  EXPECT_TRUE(
      decode(Compression::kGzip, gzip("a\n") + "rubbish", 512, 512).error.starts_with("gzip: "));
}

TEST(StreamDecoder, ReadsOverZeroPaddingButNotOverWhatFollowsIt) {
  const std::string padded = gzip("a\n") + std::string(600, '\0');
  const Decoded good = decode(Compression::kGzip, padded, 100, 100);
  EXPECT_EQ(good.text, "a\n");
  EXPECT_EQ(good.error, "");
  EXPECT_TRUE(good.whole);
  EXPECT_NE(decode(Compression::kGzip, padded + "x", 100, 100).error, "");
}

TEST(StreamDecoder, RefusesABombByItsExpansion) {
  // 256 MiB of zeros in zstd: some 16,000 times its size.
  const std::string packed = zstd(std::string(std::size_t{256} << 20, 'x'));
  StreamDecoder decoder(Compression::kZstd, 100);
  std::vector<char> out(std::size_t{1} << 20);
  std::string_view in = packed;
  std::string error;
  while (error.empty()) {
    const auto step = decoder.decode(in, out);
    in.remove_prefix(step.used);
    error = step.error;
    ASSERT_LT(decoder.bytes_out(), std::uint64_t{200} << 20);
  }
  EXPECT_NE(error.find("max_expansion"), std::string::npos) << error;
}

TEST(DetectCompression, TellsByTheFirstBytes) {
  Compression found = Compression::kNone;
  EXPECT_TRUE(detect_compression(gzip("a"), false, &found));
  EXPECT_EQ(found, Compression::kGzip);
  EXPECT_TRUE(detect_compression(zstd("a"), false, &found));
  EXPECT_EQ(found, Compression::kZstd);
  EXPECT_TRUE(detect_compression("{\"a\":1}", false, &found));
  EXPECT_EQ(found, Compression::kNone);
  EXPECT_TRUE(detect_compression("P", true, &found));
  EXPECT_EQ(found, Compression::kNone);
}

TEST(DetectCompression, WaitsWhileItCannotTell) {
  Compression found = Compression::kNone;
  EXPECT_FALSE(detect_compression("", false, &found));
  EXPECT_FALSE(detect_compression("\x1f", false, &found));
  EXPECT_FALSE(detect_compression("(\xb5", false, &found));
  EXPECT_TRUE(detect_compression("\x1f", true, &found));
  EXPECT_TRUE(detect_compression("\x1f{", false, &found));
  EXPECT_EQ(found, Compression::kNone);
}

}  // namespace
}  // namespace sluice::common
