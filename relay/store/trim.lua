#!lua flags=allow-oom
-- trim: forgets the oldest entries and bodies, up to the numbers given; never the newest entry.
-- Those who were further behind find the floor above them and record the gap.
-- ARGV: epoch, id of the first entry to keep ('' = all), number below which bodies go, bodies at most
-- Answer: OK floor bodyfloor | EPOCH
local P = '{weir}:'
local log = redis.call('HMGET', P .. 'log', 'epoch', 'floor', 'bodyfloor', 'last')
if log[1] ~= ARGV[1] then return { 'EPOCH' } end
local floor, bodyfloor = tonumber(log[2]), tonumber(log[3])
if ARGV[2] ~= '' then
  local keep = tonumber(string.match(ARGV[2], '%-(%d+)$'))
  if keep - 1 > floor then
    floor = keep - 1
    redis.call('HSET', P .. 'log', 'floor', floor)
    redis.call('XTRIM', P .. 'N', 'MINID', ARGV[2])
  end
end
local want = math.min(math.max(tonumber(ARGV[3]), floor + 1), bodyfloor + tonumber(ARGV[4]), tonumber(log[4]) + 1)
for n = bodyfloor + 1, want - 1 do redis.call('UNLINK', P .. 'body:' .. n) end
if want - 1 > bodyfloor then redis.call('HSET', P .. 'log', 'bodyfloor', want - 1) end
return { 'OK', tostring(floor), tostring(math.max(bodyfloor, want - 1)) }
