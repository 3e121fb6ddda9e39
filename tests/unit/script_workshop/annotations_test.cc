// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/unit/script_workshop/fixture.h"

namespace sluice::workshop {
namespace {

class Annotations : public WorkshopTest {};

// The file itself is run as a test's helper: what it declares must be what a test has.
TEST_F(Annotations, NameWhatATestHas) {
  std::ifstream file(SLUICE_SOURCE_DIR "/transformers/.sluice/test.lua");
  std::string line;
  std::string checks;
  while (std::getline(file, line)) {
    const std::string method = "function Expectation:";
    if (line.rfind(method, 0) == 0) {
      const std::string name = line.substr(method.size(), line.find('(') - method.size());
      checks += "expect(type(expect(1)." + name + ")):to_be('function')\n";
    } else if (line.rfind("function ", 0) == 0) {
      checks += "expect(type(" + line.substr(9, line.find('(') - 9) + ")):to_be('function')\n";
    } else if (line.find(" = {}") != std::string::npos && line.rfind("local", 0) != 0) {
      checks += "expect(type(" + line.substr(0, line.find(' ')) + ")):to_be('table')\n";
    }
  }
  EXPECT_THAT(checks, testing::HasSubstr("expect.reject"));
  EXPECT_EQ(body(checks), "");
}

// The other way round, an expectation that is not declared.
TEST_F(Annotations, NameAllExpectations) {
  std::ifstream file(SLUICE_SOURCE_DIR "/transformers/.sluice/test.lua");
  std::stringstream text;
  text << file.rdbuf();
  const std::string message = body("expect(1):to_nothing()");
  std::stringstream names(message.substr(message.find("there are ") + 10));
  std::string name;
  while (names >> name && name.back() == ',') {
    name.pop_back();
    EXPECT_THAT(text.str(), testing::HasSubstr("Expectation:" + name + "("));
  }
  EXPECT_EQ(name, "and");
}

}  // namespace
}  // namespace sluice::workshop
