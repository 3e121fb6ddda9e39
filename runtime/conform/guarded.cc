// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "runtime/base/check.h"

namespace sluice::conform {

namespace {
constexpr int kPoison = 0xDD;
}

GuardedBlock::GuardedBlock(size_t size) : size_(size) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t body = (size + page - 1) / page * page;
  map_size_ = body + page;
  map_ = ::mmap(nullptr, map_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SLUICE_CHECK(map_ != MAP_FAILED, "no memory for a guarded block");
  auto* start = static_cast<char*>(map_);
  SLUICE_CHECK(::mprotect(start + body, page, PROT_NONE) == 0, "cannot protect a guard page");
  data_ = start + body - size;
}

GuardedBlock::GuardedBlock(std::string_view content) : GuardedBlock(content.size()) {
  if (!content.empty()) std::memcpy(data_, content.data(), content.size());
}

GuardedBlock::GuardedBlock(GuardedBlock&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)),
      map_size_(other.map_size_),
      data_(other.data_),
      size_(other.size_),
      revoked_(other.revoked_) {}

GuardedBlock::~GuardedBlock() {
  if (map_ != nullptr) ::munmap(map_, map_size_);
}

void GuardedBlock::poison() {
  if (!revoked_ && size_ > 0) std::memset(data_, kPoison, size_);
}

void GuardedBlock::revoke() {
  revoked_ = true;
  SLUICE_CHECK(::mprotect(map_, map_size_, PROT_NONE) == 0, "cannot protect a guarded block");
}

}  // namespace sluice::conform
