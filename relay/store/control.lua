#!lua flags=allow-oom
-- control: one change of one member, numbered in the journal, with the direct mail that tells its followers so.
-- The member's new record holds HERE where its own number belongs.
-- ARGV: epoch, host, ver expected, new record, event, now, cuts, shard, HERE, what to write in the audit log ('' =
--   no person did it), then of each letter: inbox, kind, body
-- Answer: OK n | AGAIN member | WRONG key (of the audit log: nothing is done that is not written down) | EPOCH
local P = '{weir}:'
--: audit
local epoch, host, ver, record, event, now, cuts, shard, here, note = unpack(ARGV, 1, 10)
local log = redis.call('HMGET', P .. 'log', 'epoch', 'last', 'lastN')
if log[1] ~= epoch then return { 'EPOCH' } end
local MEMBER = P .. 'member:' .. host
if (redis.call('HGET', MEMBER, 'ver') or '0') ~= ver then
  return { 'AGAIN', redis.call('HGET', MEMBER, 'm') or '' }
end
if note ~= '' and audit_spoiled() then return { 'WRONG', AUDIT } end

-- From here on, only writes.
local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
-- As the value of a key only: inside a text a quote has a backslash before it, so nobody can put it there.
record = string.gsub(record, '(%w":)' .. here .. '([,}])', '%1' .. n .. '%2')
redis.call('HSET', MEMBER, 'ver', tonumber(ver) + 1, 'm', record)
redis.call('SADD', P .. 'members', host)
redis.call('XADD', P .. 'N', epoch .. '-' .. n, 'pv', log[3] or log[2], 'k', 'c', 'c', event, 'h', host, 'm', record,
  'x', cuts, 't', now)
redis.call('HSET', P .. 'log', 'last', n, 'lastN', n)
redis.call('HINCRBY', P .. 'log', 'changes', 1)
for i = 11, #ARGV, 3 do
  local d = redis.call('HINCRBY', P .. 'log', 'n', 1)
  redis.call('XADD', P .. 'direct:' .. shard, epoch .. '-' .. d, 't', now, 'h', host, 'i', ARGV[i], 'k', ARGV[i + 1],
    'b', ARGV[i + 2])
end
if note ~= '' then audit(epoch, note, n) end
return { 'OK', tostring(n) }
