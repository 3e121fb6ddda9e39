// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/purge.h"

namespace sluice::triage {
namespace {

constexpr size_t kIdsAtOnce = 1000;

Result<uint64_t> remove_all(DeadLetterStore& store, const LetterFilter& filter) {
  uint64_t removed = 0;
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const uint64_t n, store.remove(filter));
    if (n == 0) return removed;
    removed += n;
  }
}

}  // namespace

Result<uint64_t> purge(DeadLetterStore& store, const Selection& selection, int64_t now_us) {
  LetterFilter filter = selection.filter;
  if (filter.until_us == 0 || filter.until_us > now_us) filter.until_us = now_us + 1;
  if (selection.where.empty()) return remove_all(store, filter);
  uint64_t removed = 0;
  LetterFilter some;
  const auto remove_some = [&]() -> Status {
    if (some.ids.empty()) return Status::ok();
    SLUICE_ASSIGN_OR_RETURN(const uint64_t n, remove_all(store, some));
    removed += n;
    some.ids.clear();
    return Status::ok();
  };
  Status status;
  SLUICE_RETURN_IF_ERROR(each_selected(store, selection, now_us, [&](const DeadLetter& letter) {
    some.ids.push_back(letter.id);
    if (some.ids.size() >= kIdsAtOnce) status = remove_some();
    return status.is_ok();
  }));
  SLUICE_RETURN_IF_ERROR(status);
  SLUICE_RETURN_IF_ERROR(remove_some());
  return removed;
}

Result<uint64_t> count_selected(DeadLetterStore& store, const Selection& selection,
                                int64_t now_us) {
  uint64_t n = 0;
  if (selection.where.empty()) {
    SLUICE_ASSIGN_OR_RETURN(const auto reasons, store.count_by_reason(selection.filter));
    for (const auto& [reason, letters] : reasons) n += letters;
    return n;
  }
  SLUICE_RETURN_IF_ERROR(each_selected(store, selection, now_us, [&](const DeadLetter&) {
    ++n;
    return true;
  }));
  return n;
}

}  // namespace sluice::triage
