// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <future>
#include <string>

#include "plugins/sinks/drop/sink.h"
#include "plugins/sinks/stdout/output.h"
#include "plugins/sinks/stdout/sink.h"
#include "tests/unit/sink_sqlite/sink_driver.h"

namespace sluice::test {
namespace {

using stdout_sink::Output;
using testing::HasSubstr;

// A pipe whose ends close themselves.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(0, ::pipe2(ends_.data(), O_CLOEXEC)); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() { close(0); }
  void close_writer() { close(1); }
  [[nodiscard]] std::string read_all() const {
    std::string out;
    std::array<char, 4096> block;
    for (;;) {
      const ssize_t n = ::read(reader(), block.data(), block.size());
      if (n <= 0) return out;
      out.append(block.data(), static_cast<size_t>(n));
    }
  }

 private:
  void close(size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

// Standard output leads to the pipe while it lives.
class RedirectedStdout {
 public:
  explicit RedirectedStdout(int to) {
    std::fflush(stdout);
    before_ = ::dup(STDOUT_FILENO);
    ::dup2(to, STDOUT_FILENO);
  }
  ~RedirectedStdout() {
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
  }
  RedirectedStdout(const RedirectedStdout&) = delete;
  RedirectedStdout& operator=(const RedirectedStdout&) = delete;

 private:
  int before_ = -1;
};

TEST(StdoutSink, PrintsOneLineARecord) {
  Pipe pipe;
  SinkDriver sink(stdout_sink::kStdoutSink);
  ASSERT_EQ(SLUICE_OK, sink.start("{}"));
  sluice_rc rc = SLUICE_E_FATAL;
  {
    const RedirectedStdout redirected(pipe.writer());
    rc = sink.write(Records{"{\"a\":1}", "a\nb", ""}.add_tombstone("k").add("2"));
  }
  pipe.close_writer();
  EXPECT_EQ(SLUICE_OK, rc);
  EXPECT_EQ("ok not_a_line not_a_line tombstone_unsupported ok", sink.words());
  EXPECT_EQ("{\"a\":1}\n2\n", pipe.read_all());
}

TEST(StdoutSink, ReaderThatIsGoneIsAConfigErrorWithoutSignal) {
  Pipe pipe;
  pipe.close_reader();
  SinkDriver sink(stdout_sink::kStdoutSink);
  ASSERT_EQ(SLUICE_OK, sink.start("{}"));
  sluice_rc rc = SLUICE_OK;
  {
    const RedirectedStdout redirected(pipe.writer());
    rc = sink.write({"1"});
  }
  EXPECT_EQ(SLUICE_E_CONFIG, rc);
  EXPECT_EQ("unset", sink.words());
  EXPECT_THAT(sink.error(), HasSubstr("Broken pipe; the program that read it has ended"));
}

TEST(StdoutSink, FullDeviceIsRetried) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  SinkDriver sink(stdout_sink::kStdoutSink);
  ASSERT_EQ(SLUICE_OK, sink.start("{}"));
  sluice_rc rc = SLUICE_OK;
  {
    const RedirectedStdout redirected(full);
    rc = sink.write({"1"});
  }
  ::close(full);
  EXPECT_EQ(SLUICE_E_RETRY, rc);
  EXPECT_THAT(sink.error(), HasSubstr("No space left"));
}

TEST(StdoutSink, LinesBeforeAStopAreOkAndTheCutLineIsEnded) {
  Pipe pipe;
  SinkDriver sink(stdout_sink::kStdoutSink);
  ASSERT_EQ(SLUICE_OK, sink.start("{}"));
  Records batch{"first"};
  batch.add(std::string(1 << 20, 'x'));  // more than a pipe holds
  sluice_rc rc = SLUICE_OK;
  sink.host().ask_stop();
  {
    const RedirectedStdout redirected(pipe.writer());
    rc = sink.write(batch);
  }
  EXPECT_EQ(SLUICE_CANCELLED, rc);
  EXPECT_EQ("ok unset", sink.words());
  sink.host().take_stop_back();
  auto rest = std::async(std::launch::async, [&] { return pipe.read_all(); });
  {
    const RedirectedStdout redirected(pipe.writer());
    rc = sink.write({"next"});
  }
  pipe.close_writer();
  EXPECT_EQ(SLUICE_OK, rc);
  const std::string text = rest.get();
  EXPECT_TRUE(text.starts_with("first\nxxx"));
  EXPECT_TRUE(text.ends_with("x\nnext\n"));
}

TEST(StdoutOutput, WritesMoreThanAPipeHolds) {
  Pipe pipe;
  const std::string text(300'000, 'y');
  auto read = std::async(std::launch::async, [&] { return pipe.read_all(); });
  Output output(pipe.writer(), -1);
  EXPECT_EQ(Output::Result::kDone, output.write(text));
  EXPECT_EQ(text.size(), output.written());
  pipe.close_writer();
  EXPECT_EQ(text, read.get());
}

TEST(StdoutOutput, LeavesNoPendingSigpipeAndItsMaskAsItWas) {
  Pipe pipe;
  pipe.close_reader();
  Output output(pipe.writer(), -1);
  EXPECT_EQ(Output::Result::kFailed, output.write("x"));
  EXPECT_EQ(EPIPE, output.error());
  sigset_t set;
  sigpending(&set);
  EXPECT_EQ(0, sigismember(&set, SIGPIPE));
  pthread_sigmask(SIG_BLOCK, nullptr, &set);
  EXPECT_EQ(0, sigismember(&set, SIGPIPE));
}

TEST(StdoutOutput, ClosedDescriptorFails) {
  int closed = -1;
  {
    const Pipe pipe;
    closed = pipe.writer();
  }
  Output output(closed, -1);
  EXPECT_EQ(Output::Result::kFailed, output.write("x"));
  EXPECT_EQ(EBADF, output.error());
}

TEST(DropSink, TakesEverythingAndCounts) {
  SinkDriver sink(drop_sink::kDropSink);
  ASSERT_EQ(SLUICE_OK, sink.start("{}"));
  ASSERT_EQ(SLUICE_OK, sink.write(Records{"12345", "", "\n"}.add_tombstone("k")));
  EXPECT_EQ("ok ok ok ok", sink.words());
  EXPECT_EQ(4.0, sink.host().metrics[0]);
  EXPECT_EQ(6.0, sink.host().metrics[1]);
  EXPECT_EQ(SLUICE_OK, sink.write(Records{}));
  EXPECT_EQ(SLUICE_OK, sink.probe());
  EXPECT_EQ(SLUICE_OK, sink.close());
}

}  // namespace
}  // namespace sluice::test
