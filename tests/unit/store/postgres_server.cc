// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/postgres_server.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "runtime/base/stop.h"
#include "runtime/store/postgres.h"
#include "tests/unit/store/free_port.h"

namespace sluice {
namespace {

// PostgreSQL refuses to run as root.
void become_postgres() {
  if (::geteuid() != 0) return;
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) ::_exit(8);
}

pid_t start(const std::vector<std::string>& command, const std::string& log) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  become_postgres();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // behind the change of user, which takes it back
  if (::freopen(log.c_str(), "a", stdout) == nullptr) ::_exit(7);
  ::dup2(STDOUT_FILENO, STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(9);
}

}  // namespace

std::string PostgresServer::programs() {
  for (const char* version : {"15", "16", "17", "14"}) {
    const std::string path = "/usr/lib/postgresql/" + std::string(version) + "/bin";
    if (::access((path + "/initdb").c_str(), X_OK) == 0) return path;
  }
  return {};
}

PostgresServer* PostgresServer::shared() {
  static const std::unique_ptr<PostgresServer> server = [] {
    std::unique_ptr<PostgresServer> made(new PostgresServer);
    if (programs().empty() || !made->make_cluster() || !made->run()) {
      ADD_FAILURE() << "PostgreSQL did not start:\n" << slurp(made->folder_ / "log");
      made.reset();
    }
    return made;
  }();
  return server.get();
}

bool PostgresServer::make_cluster() {
  if (const passwd* user = ::getpwnam("postgres"); ::geteuid() == 0 && user != nullptr) {
    if (::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) return false;
  }
  const pid_t pid = start({programs() + "/initdb", "-D", (folder_ / "data").string(), "-A", "trust",
                           "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale", "C"},
                          (folder_ / "log").string());
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool PostgresServer::run() {
  StopSource never;
  for (int tries = 0; tries < 5; ++tries) {
    if (port_ == 0) port_ = free_loopback_port();
    pid_ = start(
        {programs() + "/postgres", "-D", (folder_ / "data").string(), "-p", std::to_string(port_),
         "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"},
        (folder_ / "log").string());
    for (int i = 0; i < 3000; ++i) {
      if (PQping(admin_dsn().c_str()) == PQPING_OK) return true;
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
      never.wait_for(std::chrono::milliseconds(10));
    }
    stop();
    port_ = 0;  // somebody else took it
  }
  return false;
}

void PostgresServer::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGQUIT);  // "immediate": its processes end, nothing is written
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

bool PostgresServer::run_again() { return run(); }

std::string PostgresServer::admin_dsn(const std::string& database) const {
  return "postgres://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresServer::dsn(const std::string& database) {
  if (ask("postgres", "SELECT 1 FROM pg_database WHERE datname = '" + database + "'") == "") {
    EXPECT_EQ(ask("postgres", "CREATE DATABASE " + database), "");
  }
  return admin_dsn(database);
}

std::string PostgresServer::ask(const std::string& database, const std::string& sql) const {
  auto target = store::PgTarget::parse(admin_dsn(database));
  auto connection = store::PgConnection::open(*target);
  if (!connection) return "error: " + connection.status().message();
  const auto rows = connection->run(sql);
  if (!rows) return "error: " + rows.status().message();
  return rows->count() == 0 ? "" : rows->text(0, 0);
}

}  // namespace sluice
