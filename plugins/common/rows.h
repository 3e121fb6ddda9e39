// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <algorithm>
#include <cstdint>
#include <sluice/plugin.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What sinks that write rows of an SQL table share.
namespace sluice::rows {

// What became of one row once the transaction is committed. `Reason` is the sink's enum of reasons,
// with kCount for none.
template <typename Reason>
struct Fate {
  enum class Kind : uint8_t { kOk, kDuplicate, kSuperseded, kRejected };
  Kind kind = Kind::kOk;
  Reason reason = Reason::kCount;
  uint32_t detail = 0;  // index into the batch's details, rejected rows only
};

template <typename Reason>
struct BatchFates {
  std::vector<Fate<Reason>> rows;
  std::vector<std::string> details;

  void reject(size_t row, Reason reason, std::string detail) {
    rows[row] = {Fate<Reason>::Kind::kRejected, reason, static_cast<uint32_t>(details.size())};
    details.push_back(std::move(detail));
  }
  [[nodiscard]] bool any_rejected() const {
    return std::any_of(rows.begin(), rows.end(), [](const Fate<Reason>& fate) {
      return fate.kind == Fate<Reason>::Kind::kRejected;
    });
  }
  // Tells the host.
  void answer(Outcomes out) const {
    using Kind = typename Fate<Reason>::Kind;
    for (size_t i = 0; i < rows.size(); ++i) {
      switch (rows[i].kind) {
        case Kind::kOk:
          out.ok(i);
          break;
        case Kind::kDuplicate:
          out.duplicate(i);
          break;
        case Kind::kSuperseded:
          out.superseded(i);
          break;
        case Kind::kRejected:
          out.reject(i, rows[i].reason, details[rows[i].detail]);
          break;
      }
    }
  }
};

// The exception of the SDK that stands for `rc`; none for OK.
void throw_failure(sluice_rc rc, const std::string& message);

// `name` as a quoted SQL identifier; whatever it holds stays a name.
std::string sql_name(std::string_view name);

// A cell in the words of an error message, such as `string "7"`. `shown`: its text, made fit to be
// shown.
std::string describe_cell(const sluice_cell& cell, const std::string& shown);

}  // namespace sluice::rows
