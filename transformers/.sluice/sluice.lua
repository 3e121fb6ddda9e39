---@meta sluice
-- SPDX-License-Identifier: Apache-2.0
-- What a transformer can call, for editors that read LuaCATS annotations. Nothing runs this file.
-- The whole story with examples: docs/transformer-library.md.

---A record, or an object or list inside it. Reading builds nothing; members can be set and, with
---nil, removed. It is valid until transform() returns: keep `sluice.totable(r)`, never `r`.
---A list counts from 1, `#` is its length, ipairs and pairs work as on tables. JSON null reads as
---`sluice.null`, what is absent as nil.
---@class sluice.Record
---@field [string] any
---@field [integer] any

---What is known of a record beside its content. Read-only.
---@class sluice.Meta
---@field tenant string
---@field pipeline string
---@field source string name of the source in the configuration
---@field lane string topic and partition, file, or what else the source reads in parallel
---@field position integer grows within a lane
---@field key string? the record's key, if it has one
---@field headers table<string, string> the first header of each name
---@field time integer milliseconds since 1970 UTC: event time, or of receipt when there is none
---@field schema_version string the version the record came with, with a lineage; else ""

---A transformer defines one of these two as a global function.
---@alias sluice.Transform fun(r: any, meta: sluice.Meta): any
---@alias sluice.TransformBatch fun(rs: any[], metas: sluice.Meta[]): any[]

---What `sluice.reject` and `sluice.filter` answer; return it from transform().
---@class sluice.Verdict

---A table of `sluice.lookup`. `t[key]` is a row or nil, `#t` the number of rows, pairs(t) visits the
---rows in the order of the file. Read-only; each row is a table of your own.
---@class sluice.Lookup
---@field [string|integer] any
local Lookup = {}

---The row of a key, or its value in one column. nil, `sluice.null` and unknown keys give nil.
---@param key string|number|nil
---@param column string? a column of CSV that does not exist is an error
---@return any
function Lookup:get(key, column) end

---@class sluice.EmitOptions
---@field key string? key of the new record; default: the key of the record that came
---@field sink string? name of the one sink it goes to; default: all sinks
---@field parent sluice.Record? in transform_batch: the record it comes from

---@class sluice.EncodeOptions
---@field indent integer? 0 to 10; above 0 the text is written over several lines

---@class sluice.Base64Options
---@field url boolean? the alphabet for URLs, without padding

---@alias sluice.Unit "millisecond"|"second"|"minute"|"hour"|"day"|"week"|"month"|"year"

sluice = {}

---JSON null. `x == sluice.null` tells it from nil, which means absent.
---@type lightuserdata
sluice.null = nil

---Marks a table as a list, so that an empty one is written as [].
---@generic T
---@param t T[]?
---@return T[]
function sluice.array(t) end

---A copy of a record or a part of it as plain Lua tables, which may be kept.
---@param value any
---@return any
function sluice.totable(value) end

---The same as totable, for tables: a copy that shares nothing with the original.
---@param value any
---@return any
function sluice.deepcopy(value) end

---Return its answer to reject the record: it becomes a dead letter with this code and text.
---@param code string
---@param text string?
---@return sluice.Verdict
function sluice.reject(code, text) end

---Return its answer to drop the record on purpose; it is counted as filtered.
---@param why string?
---@return sluice.Verdict
function sluice.filter(why) end

---One more record out of this one.
---@param r sluice.Record|table
---@param options sluice.EmitOptions?
function sluice.emit(r, options) end

---Writes a line to the log of the runtime.
---@param ... any
function sluice.log(...) end

---Adds to a counter of this script, ingest_script_count_total{name}. It counts when the call of
---transform() ends well.
---@param name string 1 to 64 of a-z, 0-9 and _; at most 64 names a script
---@param n integer? at least 0; default 1
function sluice.count(name, n) end

---A pseudo-random number that follows from the record: a redrive draws the same. Without arguments in
---[0, 1), with one in [1, m], with two in [m, n].
---@overload fun(): number
---@param m integer
---@param n integer?
---@return integer
function sluice.random(m, n) end

---The table in lookup/NAME.csv or lookup/NAME.json beside the script. Call it at the top of the
---script.
---@param name string
---@return sluice.Lookup
function sluice.lookup(name) end

---Without white space at both ends.
---@param text string|number
---@return string
function sluice.trim(text) end

---The pieces between separators, which are plain text. The last piece is the rest.
---@param text string|number
---@param separator string
---@param most integer? pieces
---@return string[]
function sluice.split(text, separator, most) end

sluice.json = {}

---The JSON text of a value. Parts of the record keep their text.
---@param value any
---@param options sluice.EncodeOptions?
---@return string
function sluice.json.encode(value, options) end

---The value of a JSON text as plain Lua; lists are marked, null is sluice.null.
---@param text string
---@return any
function sluice.json.decode(text) end

sluice.hash = {}

---@param text string|number
---@return string hex 32 digits
function sluice.hash.md5(text) end

---@param text string|number
---@return string hex 40 digits
function sluice.hash.sha1(text) end

---@param text string|number
---@return string hex 64 digits
function sluice.hash.sha256(text) end

---The checksum of gzip and PNG.
---@param text string|number
---@return integer from 0 to 4294967295
function sluice.hash.crc32(text) end

sluice.base64 = {}

---@param text string|number
---@param options sluice.Base64Options?
---@return string
function sluice.base64.encode(text, options) end

---Either alphabet, padded or not.
---@param text string
---@return string
function sluice.base64.decode(text) end

sluice.re = {}

---Does the pattern (RE2 syntax) occur in the text?
---@param text string|number
---@param pattern string
---@return boolean
function sluice.re.test(text, pattern) end

---Where the first match begins and ends, then its groups; nil if there is none.
---@param text string|number
---@param pattern string
---@param init integer?
---@return integer? first
---@return integer? last
---@return string? ... groups
function sluice.re.find(text, pattern, init) end

---The groups of the first match, or the match if the pattern has none; nil if there is no match.
---@param text string|number
---@param pattern string
---@param init integer?
---@return string? ...
function sluice.re.match(text, pattern, init) end

---The named groups `(?P<name>...)` of the first match as a table, or nil.
---@param text string|number
---@param pattern string
---@return table<string, string>?
function sluice.re.groups(text, pattern) end

---Iterates over all matches as match() gives them.
---@param text string|number
---@param pattern string
---@return fun(): string?, ...
function sluice.re.gmatch(text, pattern) end

---Replaces matches. In a replacement text %0 is the match, %1 to %9 and %{name} are groups, %% is %.
---A table is asked for the first group, a function is called with the groups; nil keeps the match.
---@param text string|number
---@param pattern string
---@param replacement string|table|fun(...: string): string|number|nil
---@param most integer? replacements
---@return string text
---@return integer count
function sluice.re.gsub(text, pattern, replacement, most) end

---The pieces between matches.
---@param text string|number
---@param pattern string
---@param most integer? pieces
---@return string[]
function sluice.re.split(text, pattern, most) end

---The pattern that matches exactly this text.
---@param text string|number
---@return string
function sluice.re.escape(text) end

sluice.uuid = {}

---Looks random, and follows from the record: a redrive draws the same.
---@return string
function sluice.uuid.v4() end

---The same from a namespace and a name, always. For keys made of fields.
---@param namespace string "dns", "url", "oid", "x500" or a UUID
---@param name string|number
---@return string
function sluice.uuid.v5(namespace, name) end

---Sorts by time; the rest as v4.
---@param ms integer? default: the record's time
---@return string
function sluice.uuid.v7(ms) end

---@param text any
---@return boolean
function sluice.uuid.is(text) end

---Lower case with dashes, or nil if it is no UUID. Takes braces, "urn:uuid:" and no dashes at all.
---@param text any
---@return string?
function sluice.uuid.parse(text) end

sluice.time = {}

---The time of the record (meta.time), in milliseconds. There is no clock, so that a redrive gives the
---same result.
---@return integer ms
function sluice.time.now() end

---"2018-02-07T01:26:13.840Z"
---@param ms number
---@return string
function sluice.time.iso(ms) end

---Reads a time of RFC 3339, or one written as `format` says.
---@param text string
---@param format string? %Y %y %m %d %e %b %B %H %I %p %M %S %L %z %F %T %%
---@param offset string? "+02:00", when the text has none
---@return integer ms
function sluice.time.parse(text, format, offset) end

---@param ms number
---@param format string as for parse, and %a %A %j %u %G %V %s
---@param offset string? "+02:00"; default UTC
---@return string
function sluice.time.format(ms, format, offset) end

---The beginning of the unit that the time lies in. A week begins on Monday.
---@param ms number
---@param unit sluice.Unit
---@param offset string?
---@return integer ms
function sluice.time.floor(ms, unit, offset) end

---By the calendar: a month after January 31st is the last day of February.
---@param ms number
---@param n integer
---@param unit sluice.Unit
---@return integer ms
function sluice.time.add(ms, n, unit) end
