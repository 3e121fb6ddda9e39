// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/rows.h"

namespace sluice::rows {

void throw_failure(sluice_rc rc, const std::string& message) {
  switch (rc) {
    case SLUICE_OK:
      return;
    case SLUICE_CANCELLED:
      throw Cancelled();
    case SLUICE_E_RETRY:
      throw Transient(message);
    case SLUICE_E_CONFIG:
      throw BadConfig(message);
    case SLUICE_E_BATCH:
      throw BatchRefused(message);
    case SLUICE_E_FENCED:
      throw Fenced(message);
    default:
      throw Fatal(message);
  }
}

std::string sql_name(std::string_view name) {
  std::string out(1, '"');
  for (const char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string describe_cell(const sluice_cell& cell, const std::string& shown) {
  switch (cell.kind) {
    case SLUICE_CELL_NULL:
      return "null";
    case SLUICE_CELL_ABSENT:
      return "nothing";
    case SLUICE_CELL_BOOL:
      return cell.v.u64 != 0 ? "boolean true" : "boolean false";
    case SLUICE_CELL_I64:
      return "integer " + std::to_string(cell.v.i64);
    case SLUICE_CELL_U64:
      return "integer " + std::to_string(cell.v.u64);
    case SLUICE_CELL_F64:
      return "number " + shown;
    case SLUICE_CELL_TEXT:
      return "string \"" + shown + "\"";
    default:
      return (shown.starts_with('[') ? "array " : "object ") + shown;
  }
}

}  // namespace sluice::rows
