#!lua flags=no-writes,allow-oom
-- find: what an id stands for: an activity that was seen, an object that entries are about, or neither.
-- ARGV: week now, bucket, field (of `seen`), hash (of `obj`)
-- Answer: n:check ('' = not seen) numbers ('' = none) numbers of the items that wait for a person with it, or did
local P = '{weir}:'
--: objects
--: held

local week, was = tonumber(ARGV[1])
for w = week, week - 2, -1 do
  was = was or redis.call('HGET', P .. 'seen:' .. w .. ':' .. ARGV[2], ARGV[3])
end
-- An Announce is found as an activity and as what can be undone.
local held = listed(OF, ARGV[4])
for h in string.gmatch(listed(OF, hex(ARGV[3])), '%d+') do
  if not string.find(' ' .. held .. ' ', ' ' .. h .. ' ', 1, true) then held = held .. (held ~= '' and ' ' or '') .. h end
end
return { was or '', (string.gsub(record(ARGV[4]).entries, '(%d+)%S*', '%1')), held }
