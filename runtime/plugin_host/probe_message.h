// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "runtime/plugin_host/probe.h"

namespace sluice {

// The answer of a probing child as JSON text, and back. What cannot be read is kInternal.
std::string encode_probe(const Result<ProbeReport>& result);
Result<ProbeReport> decode_probe(std::string_view text);

}  // namespace sluice
