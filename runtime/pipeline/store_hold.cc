// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/store_hold.h"

#include "runtime/base/log.h"

namespace sluice {
namespace {

// A store on the same machine is mended by people or by room on the disk; it is looked at often,
// since everything holds meanwhile.
RetryConfig store_retry() {
  RetryConfig out;
  out.base = Millis(100);
  out.cap = Millis(2'000);
  return out;
}

}  // namespace

StoreHold::StoreHold(const Clock& clock)
    : retry_(store_retry(), static_cast<uint64_t>(clock.wall_us())) {}

bool StoreHold::persist(const std::function<sluice::Status()>& work) {
  for (;;) {
    const sluice::Status done = work();
    if (!note(done)) return false;
    if (done) return true;
  }
}

void StoreHold::finish() {
  {
    MutexLock lock(mutex_);
    finishing_ = true;
  }
  stop_.request();
}

StoreHold::Status StoreHold::status() const {
  MutexLock lock(mutex_);
  return status_;
}

bool StoreHold::note(const sluice::Status& status) {
  bool ending = false;
  bool news = false;
  {
    MutexLock lock(mutex_);
    if (status) {
      ++status_.commits;
      news = !status_.healthy;
      status_.healthy = true;
    } else {
      ++status_.failed_commits;
      news = status_.healthy;
      status_.healthy = false;
      status_.last_error = status.message();
      ending = finishing_;
    }
  }
  if (status) {
    retry_.succeed();
    if (news) log::info("store.recovered", "what has to be stored can be stored again");
    return true;
  }
  if (news) {
    log::error("store.failed",
               "holding: nothing is acknowledged until what is known of it can be "
               "stored: " +
                   status.message());
  }
  if (!ending) stop_.wait_for(retry_.fail());
  return !ending;
}

}  // namespace sluice
