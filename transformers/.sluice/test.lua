---@meta sluice-test
-- SPDX-License-Identifier: Apache-2.0
-- What a test file can call beside what transformers can, for editors that read LuaCATS annotations.
-- Nothing runs this file. The whole story with examples: docs/transformers.md.

---A group of tests; groups may stand in groups.
---@class sluice.Describe
---@field skip fun(name: string, body: fun()) a group that is not run yet
---@overload fun(name: string, body: fun())
describe = {}

---A test. Without a function it is pending.
---@class sluice.It
---@field skip fun(name: string, body: fun()?) a test that is not run yet
---@overload fun(name: string, body: fun()?)
it = {}

---A test that is still to be written.
---@param name string
function pending(name) end

---Runs before each test of the group it stands in, groups from the outside in.
---@param body fun()
function before_each(body) end

---Where a record comes from, for a test; what is left out has a default.
---@class sluice.TestMeta
---@field tenant string?
---@field pipeline string?
---@field source string?
---@field lane string?
---@field position integer?
---@field key string?
---@field headers table<string, string>?
---@field time integer? milliseconds since 1970 UTC
---@field schema_version string?

---@class sluice.Emitted
---@field record any
---@field key string?
---@field sink string?

---What became of a record.
---@class sluice.Outcome
---@field record any what came out, when it was exactly one
---@field records any[] all that came out
---@field emitted sluice.Emitted[] the same with key and sink
---@field filtered boolean|string false, true, or why
---@field rejected {code: string, text: string}? a script that fails fails the test unless this is read

---Runs the script on a record, through the runner that the pipeline uses.
---@param record table|string a table, or JSON text
---@param meta sluice.TestMeta?
---@return sluice.Outcome
function transform(record, meta) end

---The value of a .json file, or the list of values of a .jsonl file, beside the test or below.
---@param file string
---@return any
function golden(file) end

---A value from JSON text, with all its digits.
---@param text string
---@return any
function json(text) end

---@class sluice.Expectation
---@field never sluice.Expectation the opposite
local Expectation = {}

---Equal as JSON: members in any order, numbers exact.
---@param expected any
function Expectation:to_equal(expected) end
---The very same value, or table.
---@param expected any
function Expectation:to_be(expected) end
function Expectation:to_be_nil() end
---Neither nil nor false.
function Expectation:to_be_truthy() end
---A text in which the Lua pattern is found.
---@param pattern string
function Expectation:to_match(pattern) end
---A text with this in it, a list with this element, or an object with these members (or this name).
---@param expected any
function Expectation:to_contain(expected) end
---A function that raises an error when it is called.
---@param pattern string? of the error's text
function Expectation:to_error(pattern) end

---@class sluice.Expect
---@overload fun(value: any): sluice.Expectation
expect = {}

---The record was (or is, if it is no outcome) rejected so.
---@param outcome_or_record sluice.Outcome|table|string
---@param code string?
---@param pattern string? of the rejection's text
function expect.reject(outcome_or_record, code, pattern) end
