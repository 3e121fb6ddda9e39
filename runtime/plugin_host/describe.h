// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <string>

namespace sluice {

enum class DescribeFormat { kText, kMarkdown, kJson };

// What a component says of itself, for `sluice plugins describe` and for the tables of READMEs:
// options (nested ones as /a/b; /a/* is any key of a map, /a/- any element of a list),
// capabilities, reasons, metrics, example. The component has passed the checks of a load. Ends with
// a newline.
std::string describe_component(const sluice_component& component, DescribeFormat format);

}  // namespace sluice
