-- Flattens one event of the GeoJSON feed into the columns of the `quakes` table.

local CLASSES = {
  { 8, "great" }, { 7, "major" }, { 6, "strong" }, { 5, "moderate" }, { 4, "light" }, { 3, "minor" },
}

local function class_of(magnitude)
  if magnitude == sluice.null then return "unknown" end
  for _, class in ipairs(CLASSES) do
    if magnitude >= class[1] then return class[2] end
  end
  return "micro"
end

function transform(r)
  local p = r.properties
  local place = r.geometry.coordinates
  return {
    id = r.id,
    revision = p.updated,
    at = sluice.time.iso(p.time),
    magnitude = p.mag,
    class = class_of(p.mag),
    kind = p.type,
    place = p.place,
    longitude = place[1],
    latitude = place[2],
    depth_km = place[3],
    status = p.status,
    network = p.net,
  }
end
