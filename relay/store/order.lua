#!lua flags=allow-oom
-- order: an operator's order about one dead letter (retry, drop) or about a host, numbered in the journal:
-- only the owner of the shard may change what is recorded there. One at a time for each letter: the second
-- would undo what came of the first. What was ordered is kept as long as the letter's number.
-- ARGV: epoch, order, host, number of the entry (replay: what follows it is sent again; else 0), shard, now, what a
--   replay leaves out (`n:slots` with blanks between; slots: bit s for inbox s),
--   what to write in the audit log ('' = nothing)
-- That is marked so (h<line>:<slots>:<host>), and named in the line.
-- Answer: OK n | NONE (no such letter, or no such member) | MAIL | ORDERED | WRONG key (of the shard: nobody could
-- carry it out; or of the audit log) | EPOCH
local P = '{weir}:'
local epoch, order, host, of, shard, now, left_out, note = unpack(ARGV)
local MAIL = '9' -- in place of an inbox
local log = redis.call('HMGET', P .. 'log', 'epoch', 'last', 'lastN', 'floor')
if log[1] ~= epoch then return { 'EPOCH' } end

--: shards
--: audit
local spoiled = wrong(shard) or (note ~= '' and audit_spoiled())
if spoiled then return { 'WRONG', spoiled } end

local about_letter = order == 'retry' or order == 'drop'
local found, mail = not about_letter and redis.call('EXISTS', P .. 'member:' .. host) == 1, false
for _, record in ipairs(redis.call('ZRANGEBYSCORE', P .. 'fail:' .. shard, of, of)) do
  if not about_letter then break end
  local whose, slot, flag = string.match(record, '^%d+ (%S+) (%S+) (%S+)')
  if whose == host and not (order == 'drop' and flag == 'd') then
    found = true
    mail = mail or slot == MAIL
  end
end
if not found then return { 'NONE' } end
if mail and order == 'retry' then return { 'MAIL' } end

-- How far orders were carried out: as the host's own cursor says, or that of its shard.
local own = redis.call('HGET', P .. 'own:' .. shard, host)
local done = tonumber(own and string.match(own, '^%d+') or redis.call('HGET', P .. 'shard:' .. shard, 'low') or 0)
done = math.max(done, tonumber(own and string.match(own, ' o(%d+)') or 0))
local ORDERS = P .. 'orders:' .. shard
for _, record in ipairs(redis.call('ZRANGEBYSCORE', ORDERS, of, of)) do
  local whose, line = string.match(record, '^%d+ (%S+) %S+ (%d+)')
  if about_letter and whose == host and tonumber(line) > done then return { 'ORDERED' } end
end

-- What a replay leaves out (lookback.lua looked for it) is marked so, where its entry is there still.
local marked = {}
for number, slots in string.gmatch(left_out, '(%d+):(%d+)') do
  if tonumber(number) > tonumber(log[4] or '0') then marked[#marked + 1] = { number, slots } end
end

-- From here on, only writes.
local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
for _, mark in ipairs(marked) do
  local was = redis.call('HGET', P .. 'marks', mark[1])
  if not was or string.sub(was, 1, 1) ~= 'r' then
    redis.call('HSET', P .. 'marks', mark[1], (was and was .. ';' or '') .. 'h' .. n .. ':' .. mark[2] .. ':' .. host)
  end
end
redis.call('XADD', P .. 'N', epoch .. '-' .. n, 'pv', log[3] or log[2], 'k', 'o', 'c', order, 'h', host, 'of', of,
  unpack(left_out ~= '' and { 'lo', left_out } or {}))
redis.call('HSET', P .. 'log', 'last', n, 'lastN', n)
if about_letter then redis.call('ZADD', ORDERS, of, table.concat({ of, host, order, n, now }, ' ')) end
if note ~= '' then audit(epoch, note, n) end
return { 'OK', tostring(n) }
