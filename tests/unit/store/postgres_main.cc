// SPDX-License-Identifier: Apache-2.0
// The tests of the dead-letter store against a real PostgreSQL. Without one they are skipped, and
// say so: exit code 77.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/unit/store/postgres_server.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (sluice::PostgresServer::programs().empty()) {
    std::printf("SKIPPED: there is no PostgreSQL here; install the package postgresql-15\n");
    return 77;
  }
  return RUN_ALL_TESTS();
}
