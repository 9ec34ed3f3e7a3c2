#!lua flags=allow-oom
-- claim: a courier becomes the owner of a shard, and reads what it has to know of it.
-- ARGV: epoch, nonce of the courier, shard
-- Answer: OK seq low { host record host record ... } | EPOCH
local P = '{weir}:'
if redis.call('HGET', P .. 'log', 'epoch') ~= ARGV[1] then return { 'EPOCH' } end
local S = P .. 'shard:' .. ARGV[3]
redis.call('HSET', S, 'owner', ARGV[2])
local has = redis.call('HMGET', S, 'seq', 'low')
return { 'OK', has[1] or '0', has[2] or '0', redis.call('HGETALL', P .. 'own:' .. ARGV[3]) }
