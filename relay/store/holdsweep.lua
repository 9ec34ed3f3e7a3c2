#!lua flags=allow-oom
-- holdsweep: one step of forgetting: items that nobody decided about in time are closed, and what was closed long ago
-- is forgotten; so are the oldest of too many.
-- ARGV: epoch, now, what came before is closed, what was closed before is forgotten, most of each kind, closed ones at
--   most, the words for how one is closed
-- Answer: WRONG key | OK more { closed ... } forgotten open bytes, { how many were ever closed by each word } | EPOCH
local P = '{weir}:'
local epoch, now, before, forget, most, most_closed = unpack(ARGV)
before, most, most_closed = tonumber(before), tonumber(most), tonumber(most_closed)
if redis.call('HGET', P .. 'log', 'epoch') ~= epoch then return { 'EPOCH' } end
--: held
local spoiled = held_spoiled()
if spoiled then return { 'WRONG', spoiled } end

local expired = {}
local oldest = redis.call('ZRANGE', OPEN, 0, most - 1)
for _, h in ipairs(oldest) do
  if tonumber(redis.call('HGET', hold_key(h), 't') or '0') >= before then break end
  expired[#expired + 1] = h
end
local forgotten = redis.call('ZRANGEBYSCORE', CLOSED, '-inf', '(' .. forget, 'LIMIT', 0, most)
local over = redis.call('ZCARD', CLOSED) - most_closed
if over > #forgotten then forgotten = redis.call('ZRANGE', CLOSED, 0, math.min(over, most) - 1) end

-- From here on, only writes.
for _, h in ipairs(expired) do hold_close(h, 'expired', now, '', '') end
for _, h in ipairs(forgotten) do
  local got = redis.call('HMGET', hold_key(h), 'ob', 'ab', 'ih')
  for i = 1, 3 do
    if got[i] and got[i] ~= '' then list_take(OF, got[i], h) end
  end
  redis.call('DEL', hold_key(h))
  redis.call('ZREM', CLOSED, h)
end
local log = redis.call('HMGET', P .. 'log', 'held', 'heldbytes')
local counts = {}
for i = 7, #ARGV do counts[i - 6] = redis.call('HGET', P .. 'log', 'held:' .. ARGV[i]) or '0' end
local again = #expired == tonumber(most) or #forgotten == tonumber(most)
return { 'OK', again and '1' or '0', expired, tostring(#forgotten), log[1] or '0', log[2] or '0', counts }
