// SPDX-License-Identifier: Apache-2.0
// What networks, operators and other nodes do to dead letters in PostgreSQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "runtime/store/postgres.h"
#include "tests/unit/store/letter_fixture.h"
#include "tests/unit/store/postgres_server.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PgTrouble : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = PostgresServer::shared();
    ASSERT_NE(server_, nullptr);
    static int count = 0;
    database_ = "trouble" + std::to_string(++count);
    dsn_ = server_->dsn(database_);
  }

  std::unique_ptr<DeadLetterStore> node() {
    auto store = open_postgres_dead_letters(dsn_);
    EXPECT_TRUE(store.is_ok()) << store.status().message();
    return store.is_ok() ? std::move(store).value() : nullptr;
  }

  PostgresServer* server_ = nullptr;
  std::string database_;
  std::string dsn_;
};

TEST_F(PgTrouble, AServerThatCrashesKeepsWhatItAcknowledgedAndIsUsedAgain) {
  auto store = node();
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->put({make_letter(1, "A", 1)}));
  EXPECT_EQ(*store->count(), 1u);
  server_->stop();
  const Status gone = store->put({make_letter(2, "A", 2)});
  EXPECT_EQ(gone.code(), Code::kUnavailable) << gone.message();
  EXPECT_EQ(store->count().status().code(), Code::kUnavailable);
  ASSERT_TRUE(server_->run_again());
  const Status again = store->put({make_letter(2, "A", 2)});
  EXPECT_TRUE(again) << again.message();
  // The connection kept for reading broke too; the call after it has a new one.
  static_cast<void>(store->count());
  EXPECT_EQ(*store->count(), 2u);
}

TEST_F(PgTrouble, WhatAnOperatorHasToMendIsToldWithoutThePassword) {
  const std::string port = dsn_.substr(dsn_.rfind(':') + 1, 5);
  const Status unknown =
      open_postgres_dead_letters("postgres://postgres:geheim@127.0.0.1:" + port + "/nowhere")
          .status();
  EXPECT_EQ(unknown.code(), Code::kInvalid) << unknown.message();
  EXPECT_THAT(unknown.message(), AllOf(HasSubstr("nowhere"), Not(HasSubstr("geheim"))));
  const Status nonsense = open_postgres_dead_letters("postgres://a:geheim@[").status();
  EXPECT_EQ(nonsense.code(), Code::kInvalid);
  EXPECT_THAT(nonsense.message(), AllOf(HasSubstr("postgres://user"), Not(HasSubstr("geheim"))));
  const Status closed = open_postgres_dead_letters("postgres://127.0.0.1:1/x").status();
  EXPECT_EQ(closed.code(), Code::kUnavailable) << closed.message();
}

TEST_F(PgTrouble, AUserWithoutRightsIsTold) {
  ASSERT_EQ(server_->ask(database_, "CREATE ROLE " + database_ + " LOGIN"), "");
  const std::string dsn = "postgres://" + database_ + "@" + dsn_.substr(dsn_.find('@') + 1);
  const Status refused = open_postgres_dead_letters(dsn).status();
  EXPECT_EQ(refused.code(), Code::kInvalid) << refused.message();
  EXPECT_THAT(refused.message(), HasSubstr("CREATE on the database"));
}

TEST_F(PgTrouble, ANewerFormatIsRefused) {
  ASSERT_TRUE(node());
  ASSERT_EQ(server_->ask(database_, "UPDATE sluice.letters_format SET format = 99"), "");
  const Status newer = open_postgres_dead_letters(dsn_).status();
  EXPECT_EQ(newer.code(), Code::kInvalid);
  EXPECT_THAT(newer.message(), AllOf(HasSubstr("newer Sluice"), HasSubstr("format 99")));
}

TEST_F(PgTrouble, ManyNodesMayStartAtOnce) {
  std::atomic<int> opened{0};
  std::vector<std::thread> nodes;
  for (int i = 0; i < 6; ++i) {
    nodes.emplace_back([&] {
      auto store = open_postgres_dead_letters(dsn_);
      EXPECT_TRUE(store.is_ok()) << store.status().message();
      if (store.is_ok()) ++opened;
    });
  }
  for (std::thread& node : nodes) node.join();
  EXPECT_EQ(opened, 6);
}

TEST_F(PgTrouble, NodesWriteTheSameLettersAtOnce) {
  std::vector<std::thread> nodes;
  for (int n = 0; n < 4; ++n) {
    nodes.emplace_back([&, n] {
      auto store = node();
      ASSERT_TRUE(store);
      for (uint64_t round = 0; round < 5; ++round) {
        std::vector<DeadLetter> letters;
        // In another order on each node.
        for (uint64_t i = 0; i < 40; ++i) {
          const uint64_t position = n % 2 == 0 ? i : 39 - i;
          letters.push_back(make_letter(position, position % 3 == 0 ? "A" : "B", 1));
        }
        const Status put = store->put(letters);
        EXPECT_TRUE(put || put.code() == Code::kUnavailable) << put.message();
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  auto store = node();
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 40; ++i) letters.push_back(make_letter(i, "B", 2));
  ASSERT_TRUE(store->put(letters));
  EXPECT_EQ(*store->count(), 40u);
}

TEST_F(PgTrouble, AClassThatAnotherNodePurgedIsMadeAgain) {
  auto one = node();
  auto other = node();
  ASSERT_TRUE(one && other);
  ASSERT_TRUE(one->put({make_letter(1, "A", 1)}));
  EXPECT_EQ(*other->remove({}), 1u);
  EXPECT_EQ(*other->remove({}), 0u);
  EXPECT_EQ(server_->ask(database_, "SELECT count(*)::text FROM sluice.letter_classes"), "0");
  // This node still has the class's old number.
  const Status put = one->put({make_letter(2, "A", 2)});
  EXPECT_TRUE(put) << put.message();
  EXPECT_EQ(*one->count(), 1u);
}

TEST_F(PgTrouble, TextThatADatabaseCannotHoldComesBackAsItWas) {
  auto store = node();
  ASSERT_TRUE(store);
  DeadLetter letter = make_letter(1, "A", 1);
  letter.detail = std::string("found \0 and \xff", 13);
  letter.pointer = std::string("/a\0b", 4);
  letter.source = "s\xff";  // from a configuration: cannot be; must not stop a pipeline
  letter.id.clear();
  ASSERT_TRUE(store->put({letter}));
  const auto page = store->page({}, {});
  ASSERT_TRUE(page.is_ok() && page->letters.size() == 1);
  EXPECT_EQ(page->letters[0].detail, letter.detail);
  EXPECT_EQ(page->letters[0].pointer, letter.pointer);
  EXPECT_EQ(page->letters[0].source, "s\xef\xbf\xbd");
}

TEST_F(PgTrouble, LettersCanBeReadByPeople) {
  auto store = node();
  ASSERT_TRUE(store);
  DeadLetter letter = make_letter(7, "A", 1'700'000'000'000'000);
  letter.detail = "expected a number";
  ASSERT_TRUE(store->put({letter}));
  EXPECT_EQ(server_->ask(database_,
                         "SELECT detail || '|' || raw || '|' || lane FROM sluice.letters_readable"),
            "expected a number|{\"n\":7}|a.jsonl");
}

}  // namespace
}  // namespace sluice
