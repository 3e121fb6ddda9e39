// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/unit/store/temp_dir.h"

namespace sluice {

// An authority of a test's own and what it has signed, made by the program openssl: files
// `<name>.pem` and `<name>.key`, the authority's being `ca`.
class Certificates {
 public:
  Certificates() { renew_authority(); }

  [[nodiscard]] std::string pem(const std::string& name) const {
    return (dir_ / (name + ".pem")).string();
  }
  [[nodiscard]] std::string key(const std::string& name) const {
    return (dir_ / (name + ".key")).string();
  }

  // Another authority, which did not sign what there is.
  void renew_authority() const { run("req -x509 -days 2 -subj /CN=authority" + new_key("ca")); }
  // For these names ("DNS:localhost,IP:127.0.0.1"), from now for so many days; less than none: it
  // has expired.
  void issue(const std::string& name, const std::string& names, int days = 2) const {
    const std::string request = (dir_ / (name + ".csr")).string();
    // The keys are made anew, and then replaced by the signed certificate.
    run("req -subj /CN=" + name + " -addext subjectAltName=" + names + new_key(name));
    run("x509 -req -in " + pem(name) + " -copy_extensions copyall -days " + std::to_string(days) +
        " -CA " + pem("ca") + " -CAkey " + key("ca") + " -CAcreateserial -out " + request);
    std::filesystem::rename(request, pem(name));
  }

 private:
  [[nodiscard]] std::string new_key(const std::string& name) const {
    return " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + key(name) +
           " -out " + pem(name);
  }
  void run(const std::string& words) const {
    const std::string log = (dir_ / "log").string();
    ASSERT_EQ(std::system(("openssl " + words + " >" + log + " 2>&1").c_str()), 0)
        << "openssl " << words << "\n"
        << std::ifstream(log).rdbuf();
  }

  TempDir dir_;
};

}  // namespace sluice
