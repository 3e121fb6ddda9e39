// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/script/script.h"

namespace sluice::hostile {

// One file of the catalogue. Its head is comment lines `-- word: value`; README.md lists the words.
struct HostileScript {
  std::string name;  // of the file, without .lua
  std::string text;
  std::string expect;      // part of the reject's detail (or of the refusal to load)
  std::string cap;         // "", or what must have been hit: memory, time, cpu, wall
  std::string record;      // what it is run on
  std::string before;      // a record run first, which must pass; "" for none
  bool at_load = false;    // the script is refused when it is loaded
  bool verdict = false;    // the reject is the script's own
  ScriptLimits overrides;  // a member left at its default is not overridden
  std::string problem;     // of the head
};

// All files of the catalogue, by name. The text of a script that loads has a tail that answers a
// record with the member "calm" in a well-behaved way.
std::vector<HostileScript> read_catalogue();

// The limits of `base` with what the script's head asks for.
ScriptLimits limits_of(const HostileScript& script, ScriptLimits base);

}  // namespace sluice::hostile
