// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>
#include <sluice/error.hpp>
#include <sluice/records.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// Exactly once: a sink that keeps the source's marks in the transaction of its rows.
namespace sluice {
inline namespace sdk {

// What a transaction does to one mark. Scope, lane and epoch name it; the scope is the host's, the
// sink only compares. Text is borrowed for the call.
struct MarkMove {
  std::string_view scope;
  std::string_view lane;  // any bytes
  std::uint32_t epoch = 0;
  std::optional<std::uint64_t> expect;  // what must be stored; nothing: no mark
  std::optional<std::uint64_t> set;     // what is stored then; nothing: the mark is forgotten
};

// Where read_marks() puts what it finds.
class MarkReader {
 public:
  MarkReader(std::string_view scope, void (*each)(void*, const sluice_named_mark*),
             void* ctx) noexcept
      : scope_(scope), each_(each), ctx_(ctx) {}
  [[nodiscard]] std::string_view scope() const noexcept { return scope_; }
  void found(std::string_view lane, std::uint32_t epoch, std::uint64_t position) const noexcept {
    const sluice_named_mark mark{
        sizeof(sluice_named_mark), epoch, str(scope_), str(lane), position, 1, 0};
    each_(ctx_, &mark);
  }

 private:
  std::string_view scope_;
  void (*each_)(void*, const sluice_named_mark*);
  void* ctx_;
};

// A sink with marks has all three:
//   void write_marked(const Batch&, Outcomes, std::span<const MarkMove>)
//       Rows and moves in one transaction. A move whose `expect` is not what is stored: roll back
//       and throw Fenced. Any record that is not OK: roll back, tell every outcome, return. The
//       batch may be empty.
//   void read_marks(const MarkReader&)           all marks of reader.scope()
//   void reset_marks(std::string_view scope, std::uint32_t epoch)   forgets those of older epochs
// and, where only some configurations keep marks,
//   bool keeps_marks() const
template <typename T>
concept KeepsMarks = requires(T& t, const Batch& batch, Outcomes out,
                              std::span<const MarkMove> moves, const MarkReader& reader,
                              std::string_view scope) {
  { t.write_marked(batch, out, moves) } -> std::same_as<void>;
  { t.read_marks(reader) } -> std::same_as<void>;
  { t.reset_marks(scope, std::uint32_t{}) } -> std::same_as<void>;
};

namespace detail {

// "Has a member of that name": one of the three alone, or with a slip in its signature, must not
// turn exactly once into at least once without a word.
template <typename T>
concept NamesMarks = requires {
  &T::write_marked;
}
|| requires { &T::read_marks; }
|| requires { &T::reset_marks; };

inline std::vector<MarkMove> moves_of(const sluice_named_mark* const* expect,
                                      const sluice_named_mark* const* set, std::uint32_t n) {
  const auto position = [](const sluice_named_mark& mark) -> std::optional<std::uint64_t> {
    if (mark.present == 0) return std::nullopt;
    return mark.position;
  };
  std::vector<MarkMove> moves;
  moves.reserve(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    moves.push_back({view(set[i]->scope), view(set[i]->lane), set[i]->epoch, position(*expect[i]),
                     position(*set[i])});
  }
  return moves;
}

}  // namespace detail
}  // namespace sdk
}  // namespace sluice
