// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/safe_read.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace sluice {

bool copy_if_readable(const void* from, void* to, size_t size) {
  if (from == nullptr) return false;
  if (size == 0) return true;
  const iovec local{to, size};
  // The kernel copies, so a bad address is an error code.
  const iovec remote{const_cast<void*>(from), size};
  const ssize_t n = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
  if (n >= 0) return static_cast<size_t>(n) == size;
  if (errno == EFAULT) return false;
  // Refused by a sandbox: read it plainly, as a host without this check would.
  std::memcpy(to, from, size);
  return true;
}

std::optional<std::string> text_if_readable(const char* from, size_t max_bytes) {
  if (from == nullptr) return std::nullopt;
  constexpr size_t kStep = 4096;  // never across a page that need not be there
  std::string out;
  while (out.size() <= max_bytes) {
    const size_t in_page = kStep - reinterpret_cast<uintptr_t>(from + out.size()) % kStep;
    std::array<char, kStep> part{};
    if (!copy_if_readable(from + out.size(), part.data(), in_page)) return std::nullopt;
    const void* nul = std::memchr(part.data(), 0, in_page);
    if (nul != nullptr) {
      out.append(part.data(), static_cast<size_t>(static_cast<const char*>(nul) - part.data()));
      return out.size() <= max_bytes ? std::optional(std::move(out)) : std::nullopt;
    }
    out.append(part.data(), in_page);
  }
  return std::nullopt;
}

}  // namespace sluice
