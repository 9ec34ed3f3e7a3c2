#!lua flags=allow-oom
-- order: an operator's order about one dead letter, numbered in the journal: only the owner of the shard
-- may change what is recorded there.
-- ARGV: epoch, order (retry or drop), host, number of the entry
-- Answer: OK n | EPOCH
local P = '{weir}:'
local log = redis.call('HMGET', P .. 'log', 'epoch', 'last')
if log[1] ~= ARGV[1] then return { 'EPOCH' } end

-- From here on, only writes.
local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
redis.call('XADD', P .. 'N', log[1] .. '-' .. n, 'pv', log[2], 'k', 'o', 'c', ARGV[2], 'h', ARGV[3], 'of', ARGV[4])
redis.call('HSET', P .. 'log', 'last', n)
return { 'OK', tostring(n) }
