#!lua
-- look: whether the software of a member is to be asked for now, or when that is to be done next. The state that it
-- was asked in is kept with the time: who comes back is looked at again.
-- ARGV: epoch, host, time since when it is in its state, now (0: the next time counts, whatever is kept), next time
-- Answer: OK (kept) | LATER time (nothing is changed) | NONE (there is no such member) | EPOCH
local P = '{weir}:'
local epoch, host, since, now, next = unpack(ARGV, 1, 5)
if redis.call('HGET', P .. 'log', 'epoch') ~= epoch then return { 'EPOCH' } end
local MEMBER = P .. 'member:' .. host
local kept = redis.call('HMGET', MEMBER, 'm', 'look')
if not kept[1] then return { 'NONE' } end
local at, state = string.match(kept[2] or '', '^(%d+) (%d+)$')
if now ~= '0' and at and state == since and tonumber(now) < tonumber(at) then return { 'LATER', at } end

redis.call('HSET', MEMBER, 'look', next .. ' ' .. since)
return { 'OK' }
