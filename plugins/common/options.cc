// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/options.h"

#include <algorithm>
#include <string>

namespace sluice::common {

void refuse_unknown(const Config& config, std::initializer_list<std::string_view> known) {
  if (!config.is_object("")) {
    throw BadConfig("the configuration must be an object, found " +
                    std::string(config.json("").substr(0, 60)));
  }
  for (const std::string& key : config.keys("")) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (const std::string_view name : known) (list += list.empty() ? "" : ", ") += name;
    throw BadConfig(Config::at("", key) + ": unknown option; known are " + list);
  }
}

}  // namespace sluice::common
