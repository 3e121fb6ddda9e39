// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

using Sha256Digest = std::array<unsigned char, 32>;

// SHA-256 with its context kept between calls, so that hashing a record allocates nothing and does
// not look the algorithm up. One object a thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void reset();
  void update(std::string_view bytes);
  Sha256Digest finish();  // then call reset() before the next update()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

}  // namespace sluice
