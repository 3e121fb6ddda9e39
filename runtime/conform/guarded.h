// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::conform {

// Memory whose last byte lies right before an unreadable page, so that one step too far is a crash
// and not a silent success. Can be made unreadable as a whole. Not thread-safe.
class GuardedBlock {
 public:
  // `size` 0 is legal: data() then points at the unreadable page. Zero-filled otherwise.
  explicit GuardedBlock(size_t size);
  explicit GuardedBlock(std::string_view content);
  GuardedBlock(GuardedBlock&& other) noexcept;
  GuardedBlock& operator=(GuardedBlock&&) = delete;
  ~GuardedBlock();

  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }
  // Overwrites the content with bytes that no program expects.
  void poison();
  // From now on any access crashes; the addresses stay taken.
  void revoke();

 private:
  void* map_ = nullptr;
  size_t map_size_ = 0;
  char* data_ = nullptr;
  size_t size_ = 0;
  bool revoked_ = false;
};

}  // namespace sluice::conform
