#!lua flags=no-writes,allow-oom
-- frozen: the boundaries that are frozen now.
-- ARGV: version that the caller has ('' = none)
-- Answer: OK version { record } | SAME | WRONG key
local P = '{weir}:'
local FREEZES = P .. 'freezes'
local version = redis.call('HGET', P .. 'log', 'freezes') or ''
if version == ARGV[1] then return { 'SAME' } end
local has = redis.call('TYPE', FREEZES).ok
if has ~= 'none' and has ~= 'hash' then return { 'WRONG', FREEZES } end
return { 'OK', version, redis.call('HVALS', FREEZES) }
