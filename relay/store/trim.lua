#!lua flags=allow-oom
-- trim: forgets the oldest entries, with what is recorded about them, and bodies, up to the numbers given;
-- never the newest entry. Those who were further behind find the floor above them and record the gap.
-- ARGV: epoch, id of the first entry to keep ('' = all), number below which bodies go, bodies at most
-- Answer: OK floor bodyfloor | EPOCH
local P = '{weir}:'
local log = redis.call('HMGET', P .. 'log', 'epoch', 'floor', 'bodyfloor', 'last', 'shards')
if log[1] ~= ARGV[1] then return { 'EPOCH' } end
local floor, bodyfloor, last = tonumber(log[2]), tonumber(log[3]), tonumber(log[4])
local keep = tonumber(string.match(ARGV[2], '%-(%d+)$') or '0')
if keep - 1 > floor and keep <= last then
  floor = keep - 1
  redis.call('HSET', P .. 'log', 'floor', floor)
  redis.call('XTRIM', P .. 'N', 'MINID', ARGV[2])
  for shard = 0, tonumber(log[5]) - 1 do
    for _, kind in ipairs({ 'fail:', 'dropped:', 'orders:', 'late:', 'skip:', 'cut:' }) do
      redis.call('ZREMRANGEBYSCORE', P .. kind .. shard, '-inf', floor)
    end
  end
end
local want = math.max(tonumber(ARGV[3]) - 1, floor)
want = math.min(want, bodyfloor + tonumber(ARGV[4]), last)
for n = bodyfloor + 1, want do redis.call('UNLINK', P .. 'body:' .. n) end
if want > bodyfloor then
  bodyfloor = want
  redis.call('HSET', P .. 'log', 'bodyfloor', bodyfloor)
end
return { 'OK', tostring(floor), tostring(bodyfloor) }
