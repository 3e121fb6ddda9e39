-- Run with: sluice transform test transformers

describe("earthquakes", function()
  local records = golden("golden/earthquakes_in.jsonl")
  local rows = golden("golden/earthquakes_out.jsonl")

  for i, record in ipairs(records) do
    it("makes the row of record " .. i, function()
      expect(transform(record).record):to_equal(rows[i])
    end)
  end

  describe("class", function()
    local function class_of(magnitude)
      local record = sluice.deepcopy(records[1])
      record.properties.mag = magnitude
      return transform(record).record.class
    end

    local cases = {
      { 8.2, "great" }, { 8, "great" }, { 7.9, "major" }, { 6, "strong" }, { 5.5, "moderate" },
      { 4, "light" }, { 3.99, "minor" }, { 2.9, "micro" }, { -0.5, "micro" },
      { sluice.null, "unknown" },
    }
    for _, case in ipairs(cases) do
      it(case[2] .. " at " .. tostring(case[1]), function()
        expect(class_of(case[1])):to_equal(case[2])
      end)
    end
  end)

  it("refuses a record without its place", function()
    local record = sluice.deepcopy(records[1])
    record.geometry = nil
    expect.reject(record, "TRANSFORM_ERROR", "^earthquakes%.lua:")
  end)
end)
