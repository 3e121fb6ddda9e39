// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace sluice {

// A forked process of a test, spoken to through a pipe, killed at the end at the latest. Fork
// before the test starts threads.
class Child {
 public:
  class Pipe {
   public:
    explicit Pipe(int fd) : fd_(fd) {}
    void say(std::string_view line) const {
      const std::string text = std::string(line) + "\n";
      if (::write(fd_, text.data(), text.size()) < 0) ::_exit(9);
    }
    // Runs another program in this process, its standard output being the pipe: for what must not
    // be forked (libraries with threads of their own).
    [[noreturn]] void become(const std::vector<std::string>& command) const {
      std::vector<char*> words;
      words.reserve(command.size() + 1);
      for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      if (::dup2(fd_, STDOUT_FILENO) >= 0) ::execv(words[0], words.data());
      ::_exit(7);
    }
    [[noreturn]] void wait_for_ever() const {
      for (;;) ::pause();
    }

   private:
    int fd_;
  };

  explicit Child(const std::function<void(const Pipe&)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) {
      ADD_FAILURE() << "pipe";
      return;
    }
    read_.reset(ends[0]);
    UniqueFd write(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      read_.reset();
      body(Pipe(write.get()));
      ::_exit(0);
    }
  }
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Without its newline; what was left when the child ended.
  std::string read_line() {
    std::string line;
    for (char c = 0;;) {
      const ssize_t n = ::read(read_.get(), &c, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0 || c == '\n') return line;
      line += c;
    }
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  UniqueFd read_;
  pid_t pid_ = 0;
};

// Root passes every permission check, so a test of permissions gives root up. Only in a Child.
inline void become_ordinary_user() {
  constexpr uid_t kNobody = 65534;
  if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(8);
}

}  // namespace sluice
