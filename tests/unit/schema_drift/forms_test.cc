// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/forms.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/schema/drift/classify.h"

namespace sluice::drift {
namespace {

TEST(DriftForm, NarrowestWins) {
  EXPECT_EQ(form_of(""), Form::kEmpty);
  EXPECT_EQ(form_of("0"), Form::kInteger);
  EXPECT_EQ(form_of("-12"), Form::kInteger);
  EXPECT_EQ(form_of("12.50"), Form::kDecimal);
  EXPECT_EQ(form_of("12."), Form::kPlain);
  EXPECT_EQ(form_of("-"), Form::kPlain);
  EXPECT_EQ(form_of("1.2.3"), Form::kPlain);
  EXPECT_EQ(form_of("2024-01-31"), Form::kDate);
  EXPECT_EQ(form_of("2024-01-31T10:00:00Z"), Form::kDateTime);
  EXPECT_EQ(form_of("2024-01-31 10:00:00"), Form::kDateTime);
  EXPECT_EQ(form_of("2024-01-31X10:00:00"), Form::kPlain);
  EXPECT_EQ(form_of("123e4567-e89b-12d3-a456-426614174000"), Form::kUuid);
  EXPECT_EQ(form_of("123e4567-e89b-12d3-a456-42661417400g"), Form::kPlain);
  EXPECT_EQ(form_of("jane@example.com"), Form::kEmail);
  EXPECT_EQ(form_of("jane@example"), Form::kPlain);
  EXPECT_EQ(form_of("@example.com"), Form::kPlain);
  EXPECT_EQ(form_of("a b@example.com"), Form::kPlain);
  EXPECT_EQ(form_of(std::string(100'000, '7')), Form::kPlain);
}

TEST(DriftForm, GuessAgreesWithSearch) {
  for (const char* text : {"", "1", "-1.5", "2024-01-31", "2024-01-31T10:00:00Z", "x", "a@b.cd",
                           "123e4567-e89b-12d3-a456-426614174000", "2024-01-31T", "12-34"}) {
    for (unsigned i = 0; i < kForms; ++i) {
      const auto form = static_cast<Form>(i);
      EXPECT_EQ(has_form(form, text), form_of(text) == form) << text << " " << form_name(form);
    }
  }
}

TEST(DriftSensitive, HidesInsideAndAround) {
  const Sensitive sensitive({"/customer/email", "/items/0/note"});
  EXPECT_TRUE(sensitive.hides("/customer/email"));
  EXPECT_TRUE(sensitive.hides("/customer/email/x"));
  EXPECT_TRUE(sensitive.hides("/customer"));
  EXPECT_TRUE(sensitive.hides(""));
  EXPECT_TRUE(sensitive.hides("/items/*/note"));
  EXPECT_FALSE(sensitive.hides("/customer/emails"));
  EXPECT_FALSE(sensitive.hides("/items/*/qty"));
  EXPECT_FALSE(Sensitive().hides(""));
}

TEST(DriftPointer, IndicesOfArraysAreFolded) {
  Document document;
  ASSERT_TRUE(document.parse(R"({"a":[{"0":[1,2]},{"~/":5}]})", {}));
  EXPECT_EQ(fold_pointer(document, "/a/0/0/1"), "/a/*/0/*");
  EXPECT_EQ(fold_pointer(document, "/a/1/~0~1"), "/a/*/~0~1");
  EXPECT_EQ(fold_pointer(document, "/a/9/x"), "/a/*/x");
  EXPECT_EQ(fold_pointer(document, ""), "");
}

}  // namespace
}  // namespace sluice::drift
