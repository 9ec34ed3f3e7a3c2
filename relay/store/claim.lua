#!lua flags=allow-oom
-- claim: a courier becomes the owner of a shard, and reads what it has to know of it. It may, if nobody
-- with a lease owns it.
-- ARGV: epoch, nonce of the courier, shard
-- Answer: OK seq low urgent { host record host record ... } | TAKEN | WRONG key (one is not of the type that it
-- should be: nobody can be served of this shard, and it is left as it is) | FENCED (no lease of our own) | EPOCH
local P = '{weir}:'
if redis.call('HGET', P .. 'log', 'epoch') ~= ARGV[1] then return { 'EPOCH' } end
--: shards
local LEASE, S = P .. 'lease', P .. 'shard:' .. ARGV[3]
if redis.call('HEXISTS', LEASE, ARGV[2]) == 0 then return { 'FENCED' } end
local key = wrong(ARGV[3])
if key then return { 'WRONG', key } end
local has = redis.call('HMGET', S, 'seq', 'low', 'owner', 'urgent')
local owner = has[3]
if owner and owner ~= ARGV[2] and redis.call('HEXISTS', LEASE, owner) == 1 then return { 'TAKEN' } end
redis.call('HSET', S, 'owner', ARGV[2])
return { 'OK', has[1] or '0', has[2] or '0', has[4] or has[2] or '0', redis.call('HGETALL', P .. 'own:' .. ARGV[3]) }
