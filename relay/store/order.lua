#!lua flags=allow-oom
-- order: an operator's order about one dead letter (retry, drop) or about a host, numbered in the journal:
-- only the owner of the shard may change what is recorded there. One at a time for each letter: the second
-- would undo what came of the first. What was ordered is kept as long as the letter's number.
-- ARGV: epoch, order, host, number of the entry (replay: what follows it is sent again; else 0), shard, now,
--   what to write in the audit log ('' = nothing)
-- What a replay leaves out is marked so (h<line>:<bits of inboxes>:<host>), and named in the line.
-- Answer: OK n | NONE (no such letter, or no such member) | MAIL | ORDERED | WRONG key (of the shard: nobody could
-- carry it out; or of the audit log) | EPOCH
local P = '{weir}:'
local epoch, order, host, of, shard, now, note = unpack(ARGV)
local MAIL = '9' -- in place of an inbox
local log = redis.call('HMGET', P .. 'log', 'epoch', 'last', 'lastN')
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
local low = done
done = math.max(done, tonumber(own and string.match(own, ' o(%d+)') or 0))
local ORDERS = P .. 'orders:' .. shard
for _, record in ipairs(redis.call('ZRANGEBYSCORE', ORDERS, of, of)) do
  local whose, line = string.match(record, '^%d+ (%S+) %S+ (%d+)')
  if about_letter and whose == host and tonumber(line) > done then return { 'ORDERED' } end
end

-- A replay leaves out what an inbox refused once for good, where it had a later version of the same object: if it
-- took the old one now, it would drop the later one as a repeat.
local refused, slots = {}, {} -- by number: bit s for inbox s; and what is left out
local function bits(slot) return slot == '8' and 255 or 2 ^ tonumber(slot) end
local function has(mask, bit) return math.floor(mask / bit) % 2 == 1 end
local function passed_over(n)
  for kind, words in pairs({ ['skip:'] = '^%d+ (%S+)', ['cut:'] = '^%d+ %d+ (%S+)' }) do
    for _, record in ipairs(redis.call('ZRANGEBYSCORE', P .. kind .. shard, n, kind == 'cut:' and '+inf' or n)) do
      local from = kind == 'cut:' and tonumber(string.match(record, '^%d+')) or 0
      if string.match(record, words) == host and from < n then return true end
    end
  end
end
-- The inboxes of `mask` that had one of the later ones.
local function had_later(n, mask, entries)
  local had = 0
  for word in string.gmatch(entries, '%S+') do
    local later = tonumber(string.match(word, '^%d+$') or string.match(word, '^(%d+):') or 0)
    if later > n and later <= low and not passed_over(later) then
      for s = 0, 7 do
        local bit = 2 ^ s
        if has(mask, bit) and not has(had, bit) and not has(refused[later] or 0, bit) then had = had + bit end
      end
    end
  end
  return had
end
local function look_back()
  local epochs = redis.call('HGETALL', P .. 'epochs')
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', P .. 'fail:' .. shard, '(' .. of, '+inf')) do
    local n, whose, slot = string.match(record, '^(%d+) (%S+) ([0-8]) ')
    if whose == host then
      local mask = refused[tonumber(n)] or 0
      refused[tonumber(n)] = slot == '8' and 255 or (has(mask, bits(slot)) and mask or mask + bits(slot))
    end
  end
  for n, mask in pairs(refused) do
    local at = epoch
    for i = 1, #epochs, 2 do
      if tonumber(epochs[i + 1]) >= n and tonumber(epochs[i]) < tonumber(at) then at = epochs[i] end
    end
    local id = at .. '-' .. string.format('%d', n)
    local line = redis.call('XRANGE', P .. 'N', id, id)[1]
    for i = 1, line and #line[2] or 0, 2 do
      for name in string.gmatch(line[2][i] == 'ob' and line[2][i + 1] or '', '%x+') do
        local entries = redis.call('TYPE', P .. 'obj:' .. name).ok == 'hash' and
          redis.call('HGET', P .. 'obj:' .. name, 'e') or ''
        local had = had_later(n, mask, entries)
        if had > 0 then slots[n] = had end
      end
    end
  end
end
if order == 'replay' then look_back() end

-- From here on, only writes.
local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
local left_out = {}
for number, mask in pairs(slots) do
  number = string.format('%d', number)
  local was = redis.call('HGET', P .. 'marks', number)
  if not was or string.sub(was, 1, 1) ~= 'r' then
    redis.call('HSET', P .. 'marks', number,
      (was and was .. ';' or '') .. 'h' .. n .. ':' .. string.format('%d', mask) .. ':' .. host)
  end
  left_out[#left_out + 1] = number .. ':' .. string.format('%d', mask)
end
redis.call('XADD', P .. 'N', epoch .. '-' .. n, 'pv', log[3] or log[2], 'k', 'o', 'c', order, 'h', host, 'of', of,
  unpack(#left_out > 0 and { 'lo', table.concat(left_out, ' ') } or {}))
redis.call('HSET', P .. 'log', 'last', n, 'lastN', n)
if about_letter then redis.call('ZADD', ORDERS, of, table.concat({ of, host, order, n, now }, ' ')) end
if note ~= '' then audit(epoch, note, n) end
return { 'OK', tostring(n) }
