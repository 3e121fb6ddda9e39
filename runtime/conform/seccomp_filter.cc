// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/seccomp_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArch = 0;
#endif

struct Forbidden {
  uint32_t number;
  const char* name;
};

// The oldest calls are absent from newer architectures.
constexpr Forbidden kForbidden[] = {
#ifdef SYS_open
    {SYS_open, "open"},
    {SYS_creat, "creat"},
    {SYS_stat, "stat"},
    {SYS_lstat, "lstat"},
    {SYS_access, "access"},
    {SYS_readlink, "readlink"},
    {SYS_mkdir, "mkdir"},
    {SYS_rmdir, "rmdir"},
    {SYS_unlink, "unlink"},
    {SYS_rename, "rename"},
    {SYS_link, "link"},
    {SYS_symlink, "symlink"},
    {SYS_fork, "fork"},
    {SYS_vfork, "vfork"},
#endif
    {SYS_openat, "openat"},
    {SYS_openat2, "openat2"},
    {SYS_statx, "statx"},
    {SYS_faccessat, "faccessat"},
    {SYS_faccessat2, "faccessat2"},
    {SYS_readlinkat, "readlinkat"},
    {SYS_mkdirat, "mkdirat"},
    {SYS_unlinkat, "unlinkat"},
    {SYS_renameat2, "renameat2"},
    {SYS_linkat, "linkat"},
    {SYS_symlinkat, "symlinkat"},
    {SYS_truncate, "truncate"},
    {SYS_statfs, "statfs"},
    {SYS_chdir, "chdir"},
    {SYS_getdents64, "getdents64"},
    {SYS_inotify_add_watch, "inotify_add_watch"},
    {SYS_execve, "execve"},
    {SYS_execveat, "execveat"},
    {SYS_socket, "socket"},
    {SYS_socketpair, "socketpair"},
    {SYS_connect, "connect"},
    {SYS_bind, "bind"},
    {SYS_listen, "listen"},
    {SYS_accept, "accept"},
    {SYS_accept4, "accept4"},
    {SYS_sendto, "sendto"},
    {SYS_sendmsg, "sendmsg"},
    {SYS_recvfrom, "recvfrom"},
    {SYS_recvmsg, "recvmsg"},
};

char* g_note = nullptr;

// Async-signal-safe: memory copies and _exit.
void on_trap(int, siginfo_t* info, void*) {
  const char* name = "a forbidden system call";
  for (const auto& call : kForbidden) {
    if (call.number == static_cast<uint32_t>(info->si_syscall)) name = call.name;
  }
  if (info->si_syscall == SYS_newfstatat) name = "fstatat";
  static constexpr char kText[] = "create, which used the system call ";
  std::memcpy(g_note, kText, sizeof kText);
  size_t at = sizeof kText - 1;
  while (*name != '\0' && at < 255) g_note[at++] = *name++;
  g_note[at] = '\0';
  ::_exit(97);
}

std::vector<sock_filter> program() {
  constexpr uint32_t kNumber = offsetof(seccomp_data, nr);
  // Little endian: the low word of argument 3, the flags of newfstatat.
  constexpr uint32_t kFlags = offsetof(seccomp_data, args) + 3 * sizeof(uint64_t);
  const auto load = [](uint32_t offset) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
  };
  const auto answer = [](uint32_t value) { return sock_filter BPF_STMT(BPF_RET | BPF_K, value); };
  std::vector<sock_filter> code;
  code.push_back(load(offsetof(seccomp_data, arch)));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0));
  code.push_back(answer(SECCOMP_RET_TRAP));
  code.push_back(load(kNumber));
  for (const auto& call : kForbidden) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.number, 0, 1));
    code.push_back(answer(SECCOMP_RET_TRAP));
  }
  // fstat of an open descriptor is newfstatat with AT_EMPTY_PATH; by path it is file access.
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 0, 3));
  code.push_back(load(kFlags));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AT_EMPTY_PATH, 1, 0));
  code.push_back(answer(SECCOMP_RET_TRAP));
  code.push_back(answer(SECCOMP_RET_ALLOW));
  return code;
}

}  // namespace

Status forbid_io(char* note) {
  if (kSanitized)
    return skip("sanitizers open files of their own: run this check in a plain build");
  if (kArch == 0) return skip("no system call filter is written for this machine");
  g_note = note;
  struct sigaction action {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSYS, &action, nullptr);
  auto code = program();
  const sock_fprog filter = {static_cast<unsigned short>(code.size()), code.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    return skip("system call filters are not available here: " + errno_text(errno));
  }
  return Status::ok();
}

}  // namespace sluice::conform
