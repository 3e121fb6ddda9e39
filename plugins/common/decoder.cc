// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/decoder.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>

namespace sluice::common {
namespace {

constexpr std::uint64_t kFreeExpansion = std::uint64_t{64} << 20;
constexpr int kWindowLogMax = 25;  // 32 MiB: what zstd writes up to level 20

constexpr unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

}  // namespace

class StreamDecoder::Codec {
 public:
  virtual ~Codec() = default;
  virtual Step decode(std::span<const char> in, std::span<char> out) = 0;
  [[nodiscard]] virtual bool whole() const = 0;
};

namespace {

class GzipCodec final : public StreamDecoder::Codec {
 public:
  GzipCodec() {
    constexpr int kGzipOnly = MAX_WBITS + 16;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~GzipCodec() override { inflateEnd(&stream_); }
  GzipCodec(const GzipCodec&) = delete;
  GzipCodec& operator=(const GzipCodec&) = delete;

  StreamDecoder::Step decode(std::span<const char> in, std::span<char> out) override {
    StreamDecoder::Step step;
    while (step.used < in.size() || state_ == State::kInside) {
      if (state_ == State::kBetween && (in[step.used] == 0 || padded_)) {
        if (!skip_padding(in, &step)) return step;
        continue;
      }
      if (step.made == out.size() || !inflate_some(in, out, &step)) return step;
    }
    return step;
  }
  [[nodiscard]] bool whole() const override { return state_ != State::kInside; }

 private:
  enum class State { kStart, kInside, kBetween };

  // Tapes and some writers fill the last block with zeros; gzip(1) reads over them too.
  bool skip_padding(std::span<const char> in, StreamDecoder::Step* step) {
    padded_ = true;
    while (step->used < in.size() && in[step->used] == 0) ++step->used;
    if (step->used == in.size()) return true;
    step->error = "gzip: bytes that are no gzip member follow the zero padding at the end";
    return false;
  }

  bool inflate_some(std::span<const char> in, std::span<char> out, StreamDecoder::Step* step) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const std::size_t in_size = std::min(in.size() - step->used, kMost);
    const std::size_t out_size = std::min(out.size() - step->made, kMost);
    // zlib's interface is not const-correct; inflate only reads its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data() + step->used));
    stream_.avail_in = static_cast<uInt>(in_size);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + step->made);
    stream_.avail_out = static_cast<uInt>(out_size);
    const int rc = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t used = in_size - stream_.avail_in;
    const std::size_t made = out_size - stream_.avail_out;
    step->used += used;
    step->made += made;
    if (used > 0) state_ = State::kInside;
    if (rc == Z_STREAM_END) {
      state_ = State::kBetween;
      return inflateReset(&stream_) == Z_OK;
    }
    if (rc == Z_MEM_ERROR) throw std::bad_alloc();
    if (rc != Z_OK && rc != Z_BUF_ERROR) {
      step->error = std::string("gzip: ") + (stream_.msg != nullptr ? stream_.msg : "damaged data");
      return false;
    }
    return used > 0 || made > 0;
  }

  z_stream stream_{};
  State state_ = State::kStart;
  bool padded_ = false;
};

class ZstdCodec final : public StreamDecoder::Codec {
 public:
  ZstdCodec() : stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  }

  StreamDecoder::Step decode(std::span<const char> in, std::span<char> out) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    StreamDecoder::Step step;
    while (output.pos < output.size && (input.pos < input.size || !whole_)) {
      const std::size_t in_before = input.pos;
      const std::size_t out_before = output.pos;
      const std::size_t rc = ZSTD_decompressStream(stream_.get(), &output, &input);
      if (ZSTD_isError(rc) != 0) {
        step.error = std::string("zstd: ") + ZSTD_getErrorName(rc);
        break;
      }
      const bool moved = input.pos > in_before || output.pos > out_before;
      if (moved) whole_ = rc == 0;
      if (!moved) break;
    }
    step.used = input.pos;
    step.made = output.pos;
    return step;
  }
  [[nodiscard]] bool whole() const override { return whole_; }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool whole_ = true;
};

}  // namespace

bool detect_compression(std::string_view head, bool complete, Compression* out) {
  *out = Compression::kNone;
  const auto starts = [&](unsigned char low, unsigned char high, std::string_view rest) {
    // 1: yes, 0: no, -1: not enough bytes
    if (head.empty()) return -1;
    if (byte_at(head, 0) < low || byte_at(head, 0) > high) return 0;
    const std::string_view next = head.substr(1, rest.size());
    if (next != rest.substr(0, next.size())) return 0;
    return next.size() == rest.size() ? 1 : -1;
  };
  const int gzip = starts(0x1f, 0x1f, "\x8b");
  const int frame = starts(0x28, 0x28, "\xb5\x2f\xfd");
  const int skippable = starts(0x50, 0x5f, "\x2a\x4d\x18");
  if (gzip == 1) *out = Compression::kGzip;
  if (frame == 1 || skippable == 1) *out = Compression::kZstd;
  return complete || *out != Compression::kNone || (gzip == 0 && frame == 0 && skippable == 0);
}

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kZstd:
      return "zstd";
  }
  return "unknown";
}

StreamDecoder::StreamDecoder(Compression compression, std::uint64_t max_expansion)
    : max_expansion_(max_expansion) {
  if (compression == Compression::kGzip) codec_ = std::make_unique<GzipCodec>();
  if (compression == Compression::kZstd) codec_ = std::make_unique<ZstdCodec>();
}

StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

StreamDecoder::Step StreamDecoder::decode(std::span<const char> in, std::span<char> out) {
  Step step;
  if (!codec_) {  // plain bytes
    step.used = step.made = std::min(in.size(), out.size());
    std::copy_n(in.data(), step.used, out.data());
  } else {
    step = codec_->decode(in, out);
  }
  in_ += step.used;
  out_ += step.made;
  if (codec_ && step.error.empty() && out_ > kFreeExpansion &&
      (out_ - kFreeExpansion) / max_expansion_ > in_) {
    step.error = "the stream expands to more than " + std::to_string(max_expansion_) +
                 " times its size (option max_expansion)";
  }
  return step;
}

bool StreamDecoder::whole() const { return !codec_ || codec_->whole(); }
std::uint64_t StreamDecoder::bytes_in() const { return in_; }
std::uint64_t StreamDecoder::bytes_out() const { return out_; }

}  // namespace sluice::common
