// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/script/random_record.h"
#include "tests/unit/script/view_model.h"

namespace sluice::testing {

// A random record, a script of random operations on it, and what each must read and the record must
// be at the end, by the model. The same for the same seed.
class ViewWalk {
 public:
  explicit ViewWalk(uint64_t seed);

  [[nodiscard]] const std::string& record() const { return record_; }
  [[nodiscard]] const std::string& script() const { return script_; }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
  [[nodiscard]] const ModelValue& result() const { return result_; }

 private:
  // Something a script assigns, and what it is.
  struct Written {
    std::string lua;
    ModelValue value;
  };
  using Operation = void (ViewWalk::*)();

  void step();
  void choose();
  Written scalar();
  Written anything(bool nil);
  std::string key();  // of the chosen container, more often than not one it has

  void line(const std::string& code) { script_ += code + "\n"; }
  void put(const std::string& code, const ModelValue& value);
  void put_boolean(const std::string& code, bool value);
  void must_fail(const std::string& code);
  void remember(const std::string& code, const ModelValue& value);

  void read_member();
  void write_member();
  void walk_members();
  void walk_and_change();
  void walk_and_grow();
  void next_member();
  void misuse_object();

  void read_element();
  void write_element();
  void append_element();
  void pop_element();
  void misuse_list();
  void walk_elements();
  void walk_backward();
  void insert_element();
  void remove_element();
  void join_elements();
  void unpack_elements();
  void sort_elements();

  void compare();
  void take_length();

  RandomRecord random_;
  std::string record_;
  std::string script_;
  std::vector<std::string> log_;
  ModelValue result_;
  std::vector<ModelRef> variables_;
  size_t at_ = 0;  // the chosen variable
  ModelNode* node_ = nullptr;
  std::string c_;  // its text in the script
};

}  // namespace sluice::testing
