// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// What is typed into one line, key by key, without a terminal: the bytes a terminal sends go in,
// the text and the place of the cursor come out. Knows the keys of Emacs and of arrows.
class LineBuffer {
 public:
  enum class Event { kNone, kChanged, kLine, kEnd, kInterrupt, kComplete, kClear };

  Event feed(char c);
  void start();  // an empty line
  void insert(std::string_view text);
  void remember(std::string line);  // to the history, unless it repeats its last

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] size_t cursor() const { return cursor_; }  // a byte offset at a character
  [[nodiscard]] const std::vector<std::string>& history() const { return history_; }

 private:
  Event escape(char c);
  Event control(char c);
  Event move(size_t to);
  Event recall(size_t entry);
  Event erase(size_t from, size_t to);
  [[nodiscard]] size_t before(size_t at) const;
  [[nodiscard]] size_t after(size_t at) const;
  [[nodiscard]] size_t word_before() const;

  std::string text_;
  size_t cursor_ = 0;
  std::string escape_;  // of a key that sends several bytes
  std::vector<std::string> history_;
  size_t entry_ = 0;     // shown; history_.size(): the new line
  std::string unsaved_;  // the new line while an old one is shown
};

// Lines from a person at a terminal, with history and completion, or plainly from a file or pipe.
// A library would do more; the free ones under a licence that fits would be the only thing the
// program needs beside what the record path needs. Not thread-safe.
class LineEditor {
 public:
  using Complete = std::function<std::vector<std::string>(std::string_view word)>;

  // Words that may begin with what stands before the cursor.
  explicit LineEditor(Complete complete) : complete_(std::move(complete)) {}

  // False: no more input.
  bool read(const std::string& prompt, std::string* line);
  [[nodiscard]] bool on_terminal() const;

  // Kept in a file, at most so many lines; what cannot be read or written is left alone.
  void load_history(const std::string& file);
  void save_history(const std::string& file) const;

 private:
  bool read_plain(std::string* line);
  bool read_keys(const std::string& prompt, std::string* line);
  void show(const std::string& prompt) const;
  void complete(const std::string& prompt);

  Complete complete_;
  LineBuffer buffer_;
  std::string waiting_;  // read and not yet used
};

}  // namespace sluice::cli
