// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace sluice::script {

// The digests that scripts may ask for, by OpenSSL, with the context kept between calls. Not
// thread-safe.
class Digest {
 public:
  enum class Kind { kMd5, kSha1, kSha256 };

  Digest();
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  // False: the OpenSSL of this machine refuses the algorithm (MD5 in FIPS mode).
  [[nodiscard]] bool start(Kind kind);
  void update(std::string_view bytes);
  // Valid until the next start().
  std::span<const unsigned char> finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;  // made on first use
  std::array<unsigned char, 64> value_{};
};

}  // namespace sluice::script
