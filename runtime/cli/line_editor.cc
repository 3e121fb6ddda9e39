// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/line_editor.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "runtime/base/file.h"
#include "runtime/cli/terminal.h"

namespace sluice::cli {
namespace {

constexpr size_t kMostHistory = 1000;
constexpr size_t kLongestLine = 1U << 20U;

constexpr char key(char letter) { return static_cast<char>(letter & 0x1F); }
constexpr char kEscape = 0x1b;
constexpr char kBackspace = 0x7f;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == ':' ||
         c == '/';
}

// Single keys as they come, until it goes out of scope.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    set_ = ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
  }
  ~RawTerminal() {
    if (set_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool set_ = false;
};

// One byte, or false at the end.
bool read_byte(char* c) {
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, c, 1);
    if (n == 1) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

}  // namespace

void LineBuffer::start() {
  text_.clear();
  unsaved_.clear();
  escape_.clear();
  cursor_ = 0;
  entry_ = history_.size();
}

void LineBuffer::remember(std::string line) {
  if (line.empty() || (!history_.empty() && history_.back() == line)) return;
  if (history_.size() == kMostHistory) history_.erase(history_.begin());
  history_.push_back(std::move(line));
}

void LineBuffer::insert(std::string_view text) {
  if (text_.size() + text.size() > kLongestLine) return;
  text_.insert(cursor_, text);
  cursor_ += text.size();
}

size_t LineBuffer::before(size_t at) const {
  if (at > 0) --at;
  while (at > 0 && is_continuation(text_[at])) --at;
  return at;
}

size_t LineBuffer::after(size_t at) const {
  if (at < text_.size()) ++at;
  while (at < text_.size() && is_continuation(text_[at])) ++at;
  return at;
}

size_t LineBuffer::word_before() const {
  size_t at = cursor_;
  while (at > 0 && text_[at - 1] == ' ') --at;
  while (at > 0 && text_[at - 1] != ' ') --at;
  return at;
}

LineBuffer::Event LineBuffer::move(size_t to) {
  cursor_ = to;
  return Event::kChanged;
}

LineBuffer::Event LineBuffer::erase(size_t from, size_t to) {
  text_.erase(from, to - from);
  return move(from);
}

LineBuffer::Event LineBuffer::recall(size_t entry) {
  if (entry > history_.size()) return Event::kNone;
  if (entry_ == history_.size()) unsaved_ = text_;
  entry_ = entry;
  text_ = entry == history_.size() ? unsaved_ : history_[entry];
  return move(text_.size());
}

LineBuffer::Event LineBuffer::feed(char c) {
  if (!escape_.empty()) return escape(c);
  if (c == kEscape) {
    escape_ = c;
    return Event::kNone;
  }
  if (c == kBackspace || c == key('H')) return erase(before(cursor_), cursor_);
  if (static_cast<unsigned char>(c) < ' ') return control(c);
  insert({&c, 1});
  return Event::kChanged;
}

LineBuffer::Event LineBuffer::control(char c) {
  switch (c) {
    case '\r':
    case '\n':
      return Event::kLine;
    case '\t':
      return Event::kComplete;
    case key('A'):
      return move(0);
    case key('B'):
      return move(before(cursor_));
    case key('C'):
      return Event::kInterrupt;
    case key('D'):
      return text_.empty() ? Event::kEnd : erase(cursor_, after(cursor_));
    case key('E'):
      return move(text_.size());
    case key('F'):
      return move(after(cursor_));
    case key('K'):
      return erase(cursor_, text_.size());
    case key('L'):
      return Event::kClear;
    case key('N'):
      return recall(entry_ + 1);
    case key('P'):
      return entry_ == 0 ? Event::kNone : recall(entry_ - 1);
    case key('U'):
      return erase(0, cursor_);
    case key('W'):
      return erase(word_before(), cursor_);
    default:
      return Event::kNone;
  }
}

// "ESC [ A", "ESC O H", "ESC [ 3 ~" and the like; what is not known is swallowed.
LineBuffer::Event LineBuffer::escape(char c) {
  escape_ += c;
  if (escape_.size() == 2 && (c == '[' || c == 'O')) return Event::kNone;
  constexpr size_t kLongestKey = 8;
  const bool parameter = std::isdigit(static_cast<unsigned char>(c)) != 0 || c == ';';
  if (escape_.size() > 2 && parameter && escape_.size() < kLongestKey) return Event::kNone;
  const std::string sequence = std::exchange(escape_, std::string()).substr(1);
  if (sequence == "[A" || sequence == "OA") return control(key('P'));
  if (sequence == "[B" || sequence == "OB") return control(key('N'));
  if (sequence == "[C" || sequence == "OC") return move(after(cursor_));
  if (sequence == "[D" || sequence == "OD") return move(before(cursor_));
  if (sequence == "[H" || sequence == "OH" || sequence == "[1~") return move(0);
  if (sequence == "[F" || sequence == "OF" || sequence == "[4~") return move(text_.size());
  if (sequence == "[3~") return erase(cursor_, after(cursor_));
  return Event::kNone;
}

bool LineEditor::on_terminal() const {
  return is_terminal(STDIN_FILENO) && is_terminal(STDOUT_FILENO);
}

bool LineEditor::read(const std::string& prompt, std::string* line) {
  return on_terminal() ? read_keys(prompt, line) : read_plain(line);
}

bool LineEditor::read_plain(std::string* line) {
  constexpr size_t kChunk = 4096;
  for (;;) {
    const size_t end = waiting_.find('\n');
    if (end != std::string::npos || waiting_.size() > kLongestLine) {
      *line = waiting_.substr(0, end);
      waiting_.erase(0, end == std::string::npos ? end : end + 1);
      return true;
    }
    char buffer[kChunk];
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      *line = std::exchange(waiting_, std::string());
      return !line->empty();
    }
    waiting_.append(buffer, static_cast<size_t>(n));
  }
}

void LineEditor::show(const std::string& prompt) const {
  const std::string& text = buffer_.text();
  const auto behind = std::count_if(text.begin() + static_cast<std::ptrdiff_t>(buffer_.cursor()),
                                    text.end(), [](char c) { return !is_continuation(c); });
  std::string out = "\r\x1b[K" + prompt + text;
  if (behind > 0) out += "\x1b[" + std::to_string(behind) + "D";
  write_text(STDOUT_FILENO, out);
}

// Completes as far as all candidates agree; a second look shows them.
void LineEditor::complete(const std::string& prompt) {
  const std::string_view left = std::string_view(buffer_.text()).substr(0, buffer_.cursor());
  size_t begin = left.size();
  while (begin > 0 && is_word(left[begin - 1])) --begin;
  const std::string_view word = left.substr(begin);
  std::vector<std::string> found = complete_(word);
  std::erase_if(found, [&](const std::string& one) { return !one.starts_with(word); });
  if (found.empty()) return;
  std::string common = found.front();
  for (const std::string& one : found) {
    const auto end = std::mismatch(common.begin(), common.end(), one.begin(), one.end()).first;
    common.erase(end, common.end());
  }
  if (common.size() > word.size()) {
    buffer_.insert(common.substr(word.size()));
  } else if (found.size() > 1) {
    std::string all = "\n";
    for (const std::string& one : found) all += one + "  ";
    write_text(STDOUT_FILENO, all + "\n");
  }
  show(prompt);
}

bool LineEditor::read_keys(const std::string& prompt, std::string* line) {
  const RawTerminal raw;
  buffer_.start();
  show(prompt);
  char c = 0;
  while (read_byte(&c)) {
    switch (buffer_.feed(c)) {
      case LineBuffer::Event::kNone:
        break;
      case LineBuffer::Event::kChanged:
        show(prompt);
        break;
      case LineBuffer::Event::kComplete:
        complete(prompt);
        break;
      case LineBuffer::Event::kClear:
        write_text(STDOUT_FILENO, "\x1b[H\x1b[2J");
        show(prompt);
        break;
      case LineBuffer::Event::kInterrupt:
        write_text(STDOUT_FILENO, "^C\r\n");
        buffer_.start();
        show(prompt);
        break;
      case LineBuffer::Event::kEnd:
        write_text(STDOUT_FILENO, "\r\n");
        return false;
      case LineBuffer::Event::kLine:
        write_text(STDOUT_FILENO, "\r\n");
        *line = buffer_.text();
        buffer_.remember(*line);
        return true;
    }
  }
  return false;
}

void LineEditor::load_history(const std::string& file) {
  const auto text = read_file_prefix(file, kLongestLine);
  if (!text) return;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    buffer_.remember(text->substr(at, end - at));
    at = end + 1;
  }
}

void LineEditor::save_history(const std::string& file) const {
  std::string text;
  for (const std::string& line : buffer_.history()) text += line + "\n";
  // Nobody wants to hear of it when a history cannot be kept.
  if (const Status saved = write_file_atomic(file, text); !saved) return;
}

}  // namespace sluice::cli
