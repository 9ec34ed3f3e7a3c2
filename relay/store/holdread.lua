#!lua flags=no-writes,allow-oom
-- holdread: items that wait for a person, or did.
-- ARGV: h ('' = a list), '1' = of the closed ones (newest first), after (a number; '0': from the beginning), most
-- Answer: how many are open, their bytes, after for the next page ('0': there is none), { { h, name, value ... } ... }
--   (with its bytes where it is asked for by number)
local P = '{weir}:'
--: held

local h, closed, after, most = ARGV[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local log = redis.call('HMGET', P .. 'log', 'held', 'heldbytes')
local SHORT = { 's', 'r', 't', 'ut', 'g', 'z', 'zs', 'w', 'i', 'ty', 'aa', 'oi', 'len', 'ct', 'by', 're', 'st', 'n' }
local WHOLE = { 'k', 'b', 'ub', 'f', unpack(SHORT) }

local items = {}
local function add(number, names)
  local got = redis.call('HMGET', hold_key(number), unpack(names))
  local fields = {}
  for i, name in ipairs(names) do
    if got[i] then fields[#fields + 1], fields[#fields + 2] = name, got[i] end
  end
  if #fields > 0 then items[#items + 1] = { number, fields } end
end

local next_after = '0'
if h ~= '' then
  add(h, WHOLE)
else
  local numbers
  if not closed then
    numbers = redis.call('ZRANGEBYSCORE', OPEN, '(' .. after, '+inf', 'LIMIT', 0, most + 1)
  else
    local from = after ~= '0' and redis.call('ZREVRANK', CLOSED, after)
    from = from and from + 1 or 0
    numbers = redis.call('ZREVRANGE', CLOSED, from, from + most)
  end
  for i = 1, math.min(#numbers, most) do add(numbers[i], SHORT) end
  if #numbers > most then next_after = numbers[most] end
end
return { log[1] or '0', log[2] or '0', next_after, items }
