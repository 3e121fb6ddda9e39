// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sha256.h"

#include <openssl/evp.h>

#include "runtime/base/check.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

// Fetched once: a fetch per digest costs as much as hashing a small record. Leaked on purpose,
// it is used until the process ends.
const EVP_MD* algorithm() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  SLUICE_CHECK(md != nullptr, "OpenSSL offers no SHA256");
  return md;
}

}  // namespace

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* made) const { EVP_MD_CTX_free(made); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  SLUICE_CHECK(state_->context != nullptr, "out of memory");
  reset();
}

Sha256::~Sha256() = default;

void Sha256::reset() {
  SLUICE_CHECK(EVP_DigestInit_ex2(state_->context.get(), algorithm(), nullptr) == 1, "SHA256 init");
}

void Sha256::update(std::string_view bytes) {
  SLUICE_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1,
               "SHA256 update");
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  SLUICE_CHECK(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1,
               "SHA256 final");
  return digest;
}

Sha256Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

}  // namespace sluice
