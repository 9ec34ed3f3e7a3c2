#!lua flags=no-writes,allow-oom
-- find: what an id stands for: an activity that was seen, an object that entries are about, or neither.
-- ARGV: week now, bucket, field (of `seen`), hash (of `obj`)
-- Answer: n:check ('' = not seen) numbers ('' = none)
local P = '{weir}:'
--: objects

local week, was = tonumber(ARGV[1])
for w = week, week - 2, -1 do
  was = was or redis.call('HGET', P .. 'seen:' .. w .. ':' .. ARGV[2], ARGV[3])
end
return { was or '', (string.gsub(record(ARGV[4]).entries, '(%d+)%S*', '%1')) }
