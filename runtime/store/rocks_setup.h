// SPDX-License-Identifier: Apache-2.0
#pragma once

// Of rocks.cc and rocks_setup.cc only: the one other place that sees RocksDB's headers.
#include <rocksdb/options.h>
#include <rocksdb/status.h>

#include <string_view>

#include "runtime/base/status.h"
#include "runtime/store/rocks.h"

namespace sluice::store {

// What RocksDB is told, for what we are told.
rocksdb::Options rocks_options(const RocksOptions& options);

// Translates a failure of RocksDB. `doing`: "opening", "writing".
Status rocks_error(const RocksOptions& options, const rocksdb::Status& status,
                   std::string_view doing);

}  // namespace sluice::store
