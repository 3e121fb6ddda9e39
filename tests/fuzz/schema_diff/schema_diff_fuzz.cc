// SPDX-License-Identifier: Apache-2.0
// Input: two schemas and a record, separated by NULs (without a record the first schema is one).
// Nothing may crash or hang; the lift has to load; the verdict has to hold for the record.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/record/document.h"
#include "runtime/schema/evolve/diff.h"
#include "runtime/schema/validator.h"
#include "runtime/script/script.h"

namespace {

using sluice::Compatibility;

// The old version accepts it and the new one does not, or the reverse; -1 when one is no schema.
int judge(std::string_view schema, const sluice::Document& record) {
  const auto compiled = sluice::compile_schema_text(schema, "fuzz");
  if (!compiled) return -1;
  const auto scratch = (*compiled)->make_scratch();
  return (*compiled)->validate(record, *scratch) ? 1 : 0;
}

void check_record(std::string_view before, std::string_view after, std::string_view json,
                  Compatibility verdict) {
  sluice::Document record;
  if (!record.parse(json, {})) return;
  const int fits_old = judge(before, record);
  const int fits_new = judge(after, record);
  if (fits_old < 0 || fits_new < 0) return;
  const bool backward = verdict == Compatibility::kBackward || verdict == Compatibility::kFull;
  const bool forward = verdict == Compatibility::kForward || verdict == Compatibility::kFull;
  SLUICE_CHECK(!backward || fits_old <= fits_new, "backward, and a record speaks against it");
  SLUICE_CHECK(!forward || fits_new <= fits_old, "forward, and a record speaks against it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t split = text.find('\0');
  if (split == std::string_view::npos) return 0;
  const std::string_view before = text.substr(0, split);
  std::string_view after = text.substr(split + 1);
  std::string_view record = before;
  if (const size_t second = after.find('\0'); second != std::string_view::npos) {
    record = after.substr(second + 1);
    after = after.substr(0, second);
  }
  const auto diff = sluice::diff_schemas(before, "old", after, "new", {.scaffold = true});
  if (!diff) {
    SLUICE_CHECK(!diff.status().message().empty(), "a refusal without a reason");
    return 0;
  }
  const auto script = sluice::Script::from_text("lift.lua", diff->lift, {}, {});
  SLUICE_CHECK(script.is_ok(), "a lift that does not load");
  check_record(before, after, record, diff->verdict);
  return 0;
}
