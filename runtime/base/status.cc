// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/status.h"

namespace sluice {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not_found";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kExists:
      return "exists";
    case Code::kExhausted:
      return "exhausted";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kCancelled:
      return "cancelled";
    case Code::kInternal:
      return "internal";
  }
  return "unknown";
}

Status Status::with_context(std::string_view where) && {
  if (is_ok()) return std::move(*this);
  return {code_, std::string(where) + ": " + message_};
}

}  // namespace sluice
