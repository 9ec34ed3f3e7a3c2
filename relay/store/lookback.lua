#!lua flags=no-writes,allow-oom
-- lookback: a step of looking for what a replay is to leave out: what an inbox refused once for good, where it had a
-- later version of the same object. If it took the old one now, it would drop the later one as a repeat.
-- Steps are short, since Redis does nothing else meanwhile. What is refused, or delivered, between them is like what is
-- between an order and its being carried out: it is not looked at.
-- ARGV: epoch, host, shard, number behind which to look
-- Answer: OK number-up-to-which-that-was ('': there is no more) what is left out (`n:slots` with blanks between;
--   slots: bit s for inbox s) | WRONG key (of the shard) | EPOCH
local P = '{weir}:'
local epoch, host, shard, of = unpack(ARGV)
local RECORDS, NUMBERS = 1000, 64 -- of a step
if redis.call('HGET', P .. 'log', 'epoch') ~= epoch then return { 'EPOCH' } end

--: shards
local spoiled = wrong(shard)
if spoiled then return { 'WRONG', spoiled } end

local own = redis.call('HGET', P .. 'own:' .. shard, host)
local low = tonumber(own and string.match(own, '^%d+') or redis.call('HGET', P .. 'shard:' .. shard, 'low') or 0)
local epochs = redis.call('HGETALL', P .. 'epochs')

local function has(mask, bit) return math.floor(mask / bit) % 2 == 1 end

-- Which inboxes of the host refused entry n.
local known = {}
local function refused(n)
  if known[n] then return known[n] end
  local mask = 0
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', P .. 'fail:' .. shard, n, n)) do
    local whose, slot = string.match(record, '^%d+ (%S+) ([0-8]) ')
    if whose == host then
      local bit = 2 ^ tonumber(slot)
      mask = slot == '8' and 255 or (has(mask, bit) and mask or mask + bit)
    end
  end
  known[n] = mask
  return mask
end

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
        if has(mask, bit) and not has(had, bit) and not has(refused(later), bit) then had = had + bit end
      end
    end
  end
  return had
end

local function line_of(n)
  local at = epoch
  for i = 1, #epochs, 2 do
    if tonumber(epochs[i + 1]) >= n and tonumber(epochs[i]) < tonumber(at) then at = epochs[i] end
  end
  local id = at .. '-' .. string.format('%d', n)
  return redis.call('XRANGE', P .. 'N', id, id)[1]
end

-- The inboxes that entry n is not to be sent to again.
local function left_out(n)
  local mask, line, out = refused(n), nil, 0
  if mask > 0 then line = line_of(n) end
  for i = 1, line and #line[2] or 0, 2 do
    for name in string.gmatch(line[2][i] == 'ob' and line[2][i + 1] or '', '%x+') do
      local key = P .. 'obj:' .. name
      local entries = redis.call('TYPE', key).ok == 'hash' and redis.call('HGET', key, 'e') or ''
      local had = had_later(n, mask, entries)
      if had > 0 then out = had end
    end
  end
  return out
end

-- The numbers to look at, and up to where that is; the last of a page may be of the host behind it.
local function numbers()
  local page = redis.call('ZRANGEBYSCORE', P .. 'fail:' .. shard, '(' .. of, '+inf', 'LIMIT', 0, RECORDS)
  local list = {}
  for i, record in ipairs(page) do
    local n, whose = string.match(record, '^(%d+) (%S+)')
    if (whose == host or i == RECORDS) and n ~= list[#list] then list[#list + 1] = n end
    if #list == NUMBERS then return list, n end
  end
  return list, page[RECORDS] and list[#list] or ''
end

local out = {}
local list, up_to = numbers()
for _, n in ipairs(list) do
  local slots = left_out(tonumber(n))
  if slots > 0 then out[#out + 1] = n .. ':' .. string.format('%d', slots) end
end
return { 'OK', up_to, table.concat(out, ' ') }
