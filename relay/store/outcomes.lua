#!lua flags=allow-oom
-- outcomes: the latest outcomes of attempts (relay/rules/recent.h), for people; no cursor depends on them, so
-- whoever made the attempts may write them. Eight of each host are kept, the newest first, in `last:<shard>`.
-- ARGV: epoch, then of each host: shard, host, its outcomes since the last call
-- Answer: OK | EPOCH
local P = '{weir}:'
local KEPT = 8
if redis.call('HGET', P .. 'log', 'epoch') ~= ARGV[1] then return { 'EPOCH' } end
for at = 2, #ARGV, 3 do
  local key, host, kept = P .. 'last:' .. ARGV[at], ARGV[at + 1], {}
  local before = redis.pcall('HGET', key, host)
  if type(before) ~= 'table' then -- of another type: whoever owns the shard says so
    for word in string.gmatch(ARGV[at + 2] .. ' ' .. (before or ''), '%S+') do
      if #kept < KEPT then kept[#kept + 1] = word end
    end
    redis.call('HSET', key, host, table.concat(kept, ' '))
  end
end
return { 'OK' }
