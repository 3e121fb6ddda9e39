// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/script/lua_grammar.h"

#include <algorithm>
#include <iterator>

#include "tests/fuzz/script/lua_words.h"

namespace sluice {
namespace {

constexpr int kDeepest = 5;
constexpr size_t kLongest = 20'000;  // of a script; bytes beyond are not read

}  // namespace

size_t LuaGrammar::below(size_t n) {
  if (choices_.empty() || n < 2) return 0;
  const auto byte = static_cast<unsigned char>(choices_.front());
  choices_.remove_prefix(1);
  return byte % n;
}

bool LuaGrammar::full() const { return choices_.empty() || out_.size() > kLongest; }

void LuaGrammar::variable() {
  switch (below(5)) {
    case 0:
      return add("r");
    case 1:
      return add("meta");
    case 2:
      return add("G");
    case 3:
      return add("q");  // another record of the call, if there are several
    default:
      add(locals_ == 0 ? "r" : "v" + std::to_string(below(static_cast<size_t>(locals_))));
  }
}

void LuaGrammar::constant() { add(kConstants[below(std::size(kConstants))]); }

// What can stand left of an assignment.
void LuaGrammar::place(int depth) {
  switch (below(5)) {
    case 0:
      add("r.");
      return add(kNames[below(std::size(kNames))]);
    case 1:
      variable();
      add(".");
      return add(kNames[below(std::size(kNames))]);
    case 2:
      variable();
      add("[");
      expression(depth + 1);
      return add("]");
    case 3:
      add("r.l[");
      expression(depth + 1);
      return add("]");
    default:
      if (locals_ > 0) return add("v" + std::to_string(below(static_cast<size_t>(locals_))));
      return add("G");
  }
}

void LuaGrammar::arguments(int depth, size_t most) {
  add("(");
  const size_t count = below(most + 1);
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) add(", ");
    expression(depth + 1);
  }
  add(")");
}

void LuaGrammar::call(int depth) {
  if (below(4) == 3) {
    add("(");
    expression(depth + 1);
    add("):");
    static constexpr std::string_view kMethods[] = {"rep", "find", "gsub",  "match", "format",
                                                    "sub", "byte", "upper", "get",   "gmatch"};
    add(kMethods[below(std::size(kMethods))]);
  } else {
    add(kFunctions[below(std::size(kFunctions))]);
  }
  arguments(depth, 4);
}

void LuaGrammar::function(int depth) {
  add("function(...) ");
  const int before = locals_;
  block(depth + 1);
  locals_ = before;
  add(" return ");
  add(below(2) == 0 ? "..." : "1");
  add(" end");
}

void LuaGrammar::table(int depth) {
  add("{");
  for (size_t n = below(4); n > 0; --n) {
    switch (below(3)) {
      case 0:
        break;
      case 1:
        add(kNames[below(std::size(kNames))]);
        add(" = ");
        break;
      default: {
        static constexpr std::string_view kMeta[] = {
            "__index", "__newindex", "__len", "__eq",        "__lt",    "__concat", "__call",
            "__pairs", "__tostring", "__gc",  "__metatable", "__close", "__name",   "__mode"};
        add(kMeta[below(std::size(kMeta))]);
        add(" = ");
      }
    }
    expression(depth + 1);
    add(", ");
  }
  add("}");
}

void LuaGrammar::expression(int depth) {
  if (depth > kDeepest || full()) return constant();
  switch (below(10)) {
    case 0:
      return constant();
    case 1:
      return variable();
    case 2:
    case 3:
      add("(");
      place(depth);
      return add(")");
    case 4:
      add("(");
      expression(depth + 1);
      add(kOperators[below(std::size(kOperators))]);
      expression(depth + 1);
      return add(")");
    case 5: {
      static constexpr std::string_view kUnary[] = {"#", "-", "not ", "~"};
      add(kUnary[below(4)]);
      add("(");
      expression(depth + 1);
      return add(")");
    }
    case 6:
      return table(depth);
    case 7:
      return function(depth);
    default:
      return call(depth);
  }
}

void LuaGrammar::assignment(int depth) {
  place(depth);
  add(" = ");
  expression(depth);
}

void LuaGrammar::loop(int depth) {
  const int before = locals_;
  const std::string a = "v" + std::to_string(locals_);
  const std::string b = "v" + std::to_string(locals_ + 1);
  switch (below(4)) {
    case 0:
      add("for " + a + ", " + b + " in pairs(");
      expression(depth + 1);
      add(") do ");
      locals_ += 2;
      break;
    case 1:
      add("for " + a + ", " + b + " in ipairs(");
      expression(depth + 1);
      add(") do ");
      locals_ += 2;
      break;
    case 2:
      add("for " + a + " = 1, ");
      add(below(2) == 0 ? "3" : "2000");
      add(" do ");
      locals_ += 1;
      break;
    default:
      add("while ");
      expression(depth + 1);
      add(" do ");
  }
  block(depth + 1);
  add(" end");
  locals_ = before;
}

void LuaGrammar::statement(int depth) {
  switch (below(depth > kDeepest ? 3 : 9)) {
    case 0:
    case 1:
      return assignment(depth);
    case 2:
      return call(depth);
    case 3:
      if (locals_ < 20) {  // the name is usable only behind its value
        const std::string name = "v" + std::to_string(locals_);
        add("local " + name + (below(8) == 7 ? " <close> = " : " = "));
        expression(depth);
        ++locals_;
        return;
      }
      return assignment(depth);
    case 4: {
      add("if ");
      expression(depth);
      add(" then ");
      const int before = locals_;
      block(depth + 1);
      locals_ = before;
      return add(" end");
    }
    case 5:
    case 6:
      return loop(depth);
    case 7: {
      add("pcall(");
      function(depth);
      return add(")");
    }
    default:
      add("do return ");
      expression(depth);
      return add(" end");
  }
}

void LuaGrammar::block(int depth) {
  for (size_t n = below(5); n > 0 && !full(); --n) {
    statement(depth);
    add("\n");
  }
}

std::string LuaGrammar::script() {
  out_ = "G = {1, 2, a = {b = 1}}\nlocal v0 = {}\n";
  locals_ = 1;
  const size_t kind = below(4);
  if (kind == 3) {
    add("local meta, r = {}, {l = {}}\n");
    block(1);
    locals_ = 1;
    add("function init() ");
    block(1);
    add("end\n");
  }
  locals_ = 1;
  add(kind == 2
          ? "function transform_batch(rs, metas)\nlocal r, q, meta = rs[1], rs[#rs], metas[1]\n"
          : "function transform(r, meta)\nlocal q = r.o\n");
  do {
    statement(0);
    add("\n");
  } while (!full() && below(8) != 7);
  add("do return ");
  const bool own = below(3) == 2;
  add(kind == 2 ? "rs" : own ? "v0" : "r");
  add(" end\nend\n");
  return std::move(out_);
}

void LuaGrammar::json(int depth) {
  const size_t kind = depth > 3 || full() ? 0 : below(3);
  if (kind == 0) return add(kScalars[below(std::size(kScalars))]);
  const size_t count = below(8) == 7 ? 40 : below(5);
  add(kind == 1 ? "[" : "{");
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) add(",");
    if (below(9) == 8) add("\n ");
    if (kind == 2) {
      if (i < 2) {
        add(kJsonNames[(below(5) + i * 5) % std::size(kJsonNames)]);
      } else {
        add("\"k" + std::to_string(i) + "\"");
      }
      add(":");
    }
    json(depth + 1);
  }
  add(kind == 1 ? "]" : "}");
}

std::string LuaGrammar::record() {
  out_ = "{\"a\":";
  json(0);
  add(",\"l\":[1,");
  json(1);
  add("],\"o\":{\"s\":\"x\",\"b\":");
  json(1);
  add("}}");
  return std::move(out_);
}

}  // namespace sluice
