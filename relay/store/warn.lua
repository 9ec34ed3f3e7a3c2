#!lua flags=allow-oom
-- warn: that somebody is warned of the end of a pilot is put down, once, by whoever comes first.
-- ARGV: epoch, pilot, what was kept of it ('' = nothing), what to keep now ('' = nothing any more)
-- Answer: OK | AGAIN (something else is kept) | WRONG key | EPOCH
local P = '{weir}:'
local WARNED = P .. 'warned'
local epoch, pilot, was, now = unpack(ARGV)
if redis.call('HGET', P .. 'log', 'epoch') ~= epoch then return { 'EPOCH' } end
local has = redis.call('TYPE', WARNED).ok
if has ~= 'none' and has ~= 'hash' then return { 'WRONG', WARNED } end
if (redis.call('HGET', WARNED, pilot) or '') ~= was then return { 'AGAIN' } end

-- From here on, only writes.
if now == '' then
  redis.call('HDEL', WARNED, pilot)
else
  redis.call('HSET', WARNED, pilot, now)
end
return { 'OK' }
