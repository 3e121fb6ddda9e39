// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_sqlite/fake_columns.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdlib>

namespace sluice::test {
namespace {

// Numbers stay in their own digits, as the runtime keeps them.
constexpr unsigned kFlags =
    rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseFullPrecisionFlag;

std::string json_of(const std::string& record, const std::string& pointer) {
  rapidjson::Document document;
  document.Parse(record.data(), record.size());
  const auto* value = rapidjson::Pointer(pointer.data(), pointer.size()).Get(document);
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value->Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void set_number(const rapidjson::Value& value, const std::string& digits, sluice_cell* cell) {
  if (value.IsInt64()) {
    cell->kind = SLUICE_CELL_I64;
    cell->v.i64 = value.GetInt64();
  } else if (value.IsUint64()) {
    cell->kind = SLUICE_CELL_U64;
    cell->v.u64 = value.GetUint64();
  } else {
    cell->kind = SLUICE_CELL_F64;
    cell->v.f64 = std::strtod(digits.c_str(), nullptr);
  }
}

}  // namespace

sluice_rc FakeColumns::declare(const sluice_column* const* columns, uint32_t n) {
  if (!declared.empty()) return SLUICE_E_FATAL;  // legal once
  for (uint32_t i = 0; i < n; ++i) {
    declared.push_back({{columns[i]->pointer.data, columns[i]->pointer.size}, columns[i]->form});
  }
  return SLUICE_OK;
}

sluice_rc FakeColumns::cells(const sluice_batch* batch, const sluice_cell** out) {
  cells_.clear();
  texts_.clear();
  for (uint32_t i = 0; i < batch->count; ++i) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(batch->records);
    read_record(*reinterpret_cast<const sluice_record*>(bytes + size_t{i} * batch->stride));
  }
  *out = cells_.data();
  return SLUICE_OK;
}

void FakeColumns::read_record(const sluice_record& record) {
  const std::string text =
      record.value.data == nullptr ? "" : std::string(record.value.data, record.value.size);
  rapidjson::Document exact;
  exact.Parse<kFlags>(text.data(), text.size());
  rapidjson::Document typed;
  typed.Parse(text.data(), text.size());
  for (const Declared& column : declared) {
    sluice_cell& cell = cells_.emplace_back();
    cell.kind = SLUICE_CELL_ABSENT;
    if (record.value.data == nullptr) continue;
    const rapidjson::Pointer pointer(column.pointer.data(), column.pointer.size());
    const auto* value = exact.HasParseError() ? nullptr : pointer.Get(exact);
    if (value == nullptr) continue;
    // A number past the range of a double does not parse as one; its digits still say what it is.
    const auto* as_typed = typed.HasParseError() ? value : pointer.Get(typed);
    if (column.form == SLUICE_COLUMN_JSON || value->IsObject() || value->IsArray()) {
      cell.kind = SLUICE_CELL_JSON;
      texts_.push_back(json_of(text, column.pointer));
    } else if (value->IsNull()) {
      cell.kind = SLUICE_CELL_NULL;
      continue;
    } else if (value->IsBool()) {
      cell.kind = SLUICE_CELL_BOOL;
      cell.v.u64 = value->GetBool() ? 1 : 0;
      continue;
    } else {
      texts_.emplace_back(value->GetString(), value->GetStringLength());
      cell.kind = SLUICE_CELL_TEXT;
      if (typed.HasParseError() || as_typed->IsNumber()) {
        set_number(*as_typed, texts_.back(), &cell);
      }
    }
    cell.text = {texts_.back().data(), texts_.back().size()};
  }
}

}  // namespace sluice::test
