#!lua flags=no-writes,allow-oom
-- authors: a stretch of the registry of authors.
-- ARGV: behind this URL ('' = from the first), how many, only those of this origin (https://host/; '' = all),
--   only this one ('' = all)
-- Answer: OK, then of each URL word how at said by | WRONG key
local P = '{weir}:'
--: author
local after, most, origin, only = unpack(ARGV)
local has = redis.call('TYPE', AUTHORS).ok
if has ~= 'none' and has ~= 'zset' then return { 'WRONG', AUTHORS } end

local list
if only ~= '' then
  local one = author(only)
  list = one and { one.text } or {}
else
  local from, to = '[' .. origin, origin == '' and '+' or '(' .. string.sub(origin, 1, -2) .. '0' -- behind the slash
  if after ~= '' then from = '[' .. after .. '!' end
  list = redis.call('ZRANGEBYLEX', AUTHORS, from, to, 'LIMIT', 0, most)
end
local answer = { 'OK' }
for _, text in ipairs(list) do
  for _, word in ipairs({ string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) ?(.*)$') }) do answer[#answer + 1] = word end
end
return answer
