#!lua flags=allow-oom
-- freeze: a boundary is frozen, or thawed. Each change makes another version of the whole, of this time line: who
-- decided by the one before decides again (append.lua), so nothing crosses behind it.
-- ARGV: epoch, boundary, its record ('' = it is thawed), how many there may be, version at which alone this is done
--   ('' = at any), what to write in the audit log ('' = nothing)
-- Couriers are told by a line of the journal: all that is frozen, each with the line that froze it (gate.part).
-- Answer: OK version { record } | NONE (it is not frozen) | FULL | AGAIN | WRONG key | EPOCH
local P = '{weir}:'
local FREEZES = P .. 'freezes'
local epoch, boundary, record, most, expected, note = unpack(ARGV)
local log = redis.call('HMGET', P .. 'log', 'epoch', 'freezes', 'last', 'lastN')
if log[1] ~= epoch then return { 'EPOCH' } end

--: audit
--: gate
local has = redis.call('TYPE', FREEZES).ok
if has ~= 'none' and has ~= 'hash' then return { 'WRONG', FREEZES } end
if note ~= '' and audit_spoiled() then return { 'WRONG', AUDIT } end
local version = log[2] or ''
if expected ~= '' and expected ~= version then return { 'AGAIN' } end
local there = redis.call('HEXISTS', FREEZES, boundary) == 1
if record == '' and not there then return { 'NONE' } end
if record ~= '' and not there and redis.call('HLEN', FREEZES) >= tonumber(most) then return { 'FULL' } end

-- From here on, only writes.
local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
version = epoch .. '-' .. string.format('%d', tonumber(string.match(version, '%-(%d+)$') or '0') + 1)
if record == '' then
  redis.call('HDEL', FREEZES, boundary)
else
  redis.call('HSET', FREEZES, boundary, record)
end
local stops = gates(boundary, n)
redis.call('XADD', P .. 'N', epoch .. '-' .. n, 'pv', log[4] or log[3], 'k', 'f', 'fz', stops)
redis.call('HSET', P .. 'log', 'freezes', version, 'gates', stops, 'gatesn', n, 'last', n, 'lastN', n)
if note ~= '' then audit(epoch, note) end
return { 'OK', version, redis.call('HVALS', FREEZES) }
