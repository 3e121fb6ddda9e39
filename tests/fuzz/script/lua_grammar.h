// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// Turns bytes into Lua: each byte is a choice of the grammar, so that nearly every input is a
// script that parses, and a change of a byte is a change of a piece. When the bytes end, all
// choices are the first, which are the short ones.
class LuaGrammar {
 public:
  explicit LuaGrammar(std::string_view choices) : choices_(choices) {}

  // A file with transform(r, meta) or transform_batch(rs, metas), and sometimes an init().
  std::string script();
  // A JSON record.
  std::string record();

 private:
  size_t below(size_t n);
  void block(int depth);
  void statement(int depth);
  void assignment(int depth);
  void loop(int depth);
  void expression(int depth);
  void call(int depth);
  void function(int depth);
  void table(int depth);
  void place(int depth);
  void variable();
  void constant();
  void arguments(int depth, size_t most);
  void json(int depth);
  bool full() const;
  void add(std::string_view text) { out_ += text; }

  std::string_view choices_;
  std::string out_;
  int locals_ = 0;
};

}  // namespace sluice
