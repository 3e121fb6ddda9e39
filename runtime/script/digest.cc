// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/digest.h"

#include <openssl/evp.h>

#include "runtime/base/check.h"

namespace sluice::script {
namespace {

// Fetched once a process, as in runtime/base/sha256.cc; null where OpenSSL refuses it.
const EVP_MD* fetched(Digest::Kind kind) {
  static const std::array<const EVP_MD*, 3> all = {EVP_MD_fetch(nullptr, "MD5", nullptr),
                                                   EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                                   EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  return all[static_cast<size_t>(kind)];
}

}  // namespace

struct Digest::Context {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> made{EVP_MD_CTX_new()};
};

Digest::Digest() = default;
Digest::~Digest() = default;

bool Digest::start(Kind kind) {
  if (!context_) context_ = std::make_unique<Context>();
  SLUICE_CHECK(context_->made != nullptr, "out of memory");
  const EVP_MD* const algorithm = fetched(kind);
  return algorithm != nullptr && EVP_DigestInit_ex2(context_->made.get(), algorithm, nullptr) == 1;
}

void Digest::update(std::string_view bytes) {
  SLUICE_CHECK(EVP_DigestUpdate(context_->made.get(), bytes.data(), bytes.size()) == 1,
               "digest update");
}

std::span<const unsigned char> Digest::finish() {
  unsigned size = 0;
  SLUICE_CHECK(EVP_DigestFinal_ex(context_->made.get(), value_.data(), &size) == 1, "digest final");
  return {value_.data(), size};
}

}  // namespace sluice::script
