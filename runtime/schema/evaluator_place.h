// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "runtime/record/pointer.h"
#include "runtime/schema/evaluator.h"

namespace sluice::schema {

// One a loop: each member() or item() takes the place of the one before.
class Evaluator::Place {
 public:
  explicit Place(Evaluator& evaluator) : evaluator_(evaluator), size_(evaluator.pointer_.size()) {}
  ~Place() {
    if (evaluator_.explaining_) evaluator_.pointer_.resize(size_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  void member(NodeIndex name) {
    if (evaluator_.explaining_) append(evaluator_.text(name));
  }
  void item(uint32_t index) {
    if (evaluator_.explaining_) append(std::to_string(index));
  }

 private:
  void append(std::string_view token) {
    evaluator_.pointer_.resize(size_);
    append_pointer_token(evaluator_.pointer_, token);
  }
  Evaluator& evaluator_;
  size_t size_;
};

class Evaluator::Unmarked {
 public:
  explicit Unmarked(Evaluator& evaluator)
      : evaluator_(evaluator), outer_(std::exchange(evaluator.marks_, Marks{})) {}
  ~Unmarked() { evaluator_.marks_ = outer_; }
  Unmarked(const Unmarked&) = delete;
  Unmarked& operator=(const Unmarked&) = delete;
  [[nodiscard]] const Marks& outer() const { return outer_; }

 private:
  Evaluator& evaluator_;
  const Marks outer_;
};

}  // namespace sluice::schema
