#!lua
-- tally: what a process counted is added to what is kept. Nothing rests on it but reports.
-- ARGV: epoch, fields of a month at most, sets of a week at most, months at most, how many counts follow, then for
--   each month field number; then for each of who was seen set digest (rules/tally.h says what these are)
-- Answer: OK | WRONG key | EPOCH
-- tallies: what there is, by name: `m2026-11`, `w2026-11-16:a:internal`. The oldest months go where there are more
-- than may be, and with a month the weeks that began before it: by what is there, not by a clock.
local P = '{weir}:'
local INDEX = P .. 'tallies'
local epoch, fields, sets, months, n = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('HGET', P .. 'log', 'epoch') ~= epoch then return { 'EPOCH' } end

local function is(key, wanted)
  local has = redis.call('TYPE', key).ok
  return has == 'none' or has == wanted
end
local touched = {}
local function check(key, wanted)
  if touched[key] then return true end
  touched[key] = true
  return is(key, wanted)
end
if not is(INDEX, 'zset') then return { 'WRONG', INDEX } end
local behind = 5 + 3 * n
for at = 6, behind, 3 do
  if not check(P .. 'tally:' .. ARGV[at], 'hash') then return { 'WRONG', P .. 'tally:' .. ARGV[at] } end
end
for at = behind + 1, #ARGV, 2 do
  if not check(P .. 'active:' .. ARGV[at], 'string') then return { 'WRONG', P .. 'active:' .. ARGV[at] } end
end

-- From here on, only writes.
local room = {}
for at = 6, behind, 3 do
  local month, field, by = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local key = P .. 'tally:' .. month
  if not room[month] then
    redis.call('ZADD', INDEX, 0, 'm' .. month)
    room[month] = fields - redis.call('HLEN', key)
  end
  if redis.call('HEXISTS', key, field) == 0 then
    if room[month] <= 0 then field = 'o' else room[month] = room[month] - 1 end
  end
  redis.call('HINCRBY', key, field, by)
end
local left = {}
for at = behind + 1, #ARGV, 2 do
  local set = ARGV[at]
  local week = string.sub(set, 1, 10)
  left[week] = left[week] or sets - redis.call('ZLEXCOUNT', INDEX, '[w' .. week .. ':', '(w' .. week .. ';')
  local new = not redis.call('ZSCORE', INDEX, 'w' .. set)
  if not new or left[week] > 0 then
    if new then
      left[week] = left[week] - 1
      redis.call('ZADD', INDEX, 0, 'w' .. set)
    end
    redis.pcall('PFADD', P .. 'active:' .. set, ARGV[at + 1])
  end
end
while redis.call('ZLEXCOUNT', INDEX, '[m', '(n') > months do
  local gone = redis.call('ZRANGEBYLEX', INDEX, '[m', '(n', 'LIMIT', 0, 1)[1]
  local month = string.sub(gone, 2)
  redis.call('DEL', P .. 'tally:' .. month)
  redis.call('ZREM', INDEX, gone)
  for _, week in ipairs(redis.call('ZRANGEBYLEX', INDEX, '[w', '(w' .. month)) do
    redis.call('DEL', P .. 'active:' .. string.sub(week, 2))
    redis.call('ZREM', INDEX, week)
  end
end
return { 'OK' }
