#!lua flags=no-writes,allow-oom
-- ledger: what is known of the destinations of one shard, as of one moment.
-- ARGV: shard, host ('' = all), from, to (records about these numbers; 0 0: none), most records of each
--   kind (the newest), since (marks that are newer, and the one before them; '' = none), '1' = fails alone; of all
--   hosts, those that no operator has seen
-- Answer: last floor low urgent mail dead { host cursor ... } { fail ... } { late ... } { skip ... } { cut ... }
--   { id { t time s low host moved ... } ... }, newest first, { host outcomes ... } (of a host: its latest
--   attempts; of all: those that are about these numbers) floor-of-U line gates (what is frozen: see gate.part) | WRONG key (of another type than it should
--   be: nothing can be said of the shard)
local P = '{weir}:'
local shard, host, from, to, most, since = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]),
  tonumber(ARGV[6])
local STEP = 500
local FREEZES = P .. 'freezes'
--: shards
--: gate
local spoiled = wrong(shard)
if spoiled then return { 'WRONG', spoiled } end

local function own()
  if host == '' then return redis.call('HGETALL', P .. 'own:' .. shard) end
  local record = redis.call('HGET', P .. 'own:' .. shard, host)
  return record and { host, record } or {}
end

-- In what stands before the name of the host: numbers alone.
local function is_his(record, words)
  return host == '' or string.match(record, words .. '(%S+)') == host
end

-- An operator has seen it, and left it at that: where all are listed it must not stand in the way of others.
local listed = ARGV[7] ~= '' and host == ''
local function is_unwanted(record)
  return listed and string.find(record, '^%d+ %S+ %S+ d ')
end

-- A cut is found by the last number that it covers, all others by the one that they are about. Where those of all
-- hosts are listed, a number is never parted: whoever asked for what follows one of them knows where that is among
-- those of its number (which is `to`: none of these counts).
local function records(kind, words, top)
  local out, counted, last, at = {}, 0, nil, 0
  while to > 0 and (kind == 'fail:' or ARGV[7] == '') do
    local page = redis.call('ZREVRANGEBYSCORE', P .. kind .. shard, top, from, 'LIMIT', at, STEP)
    for _, record in ipairs(page) do
      local n = listed and string.match(record, '^%d+')
      if counted >= most and not (listed and n == last) then return out end
      if is_his(record, words) and not is_unwanted(record) then
        out[#out + 1], last = record, n
        if n ~= ARGV[4] then counted = counted + 1 end
      end
    end
    if #page < STEP then break end
    at = at + STEP
  end
  return out
end

local function marks()
  local out = {}
  for _, kind in ipairs(since and { 'when:', 'when10:', 'when60:', 'when600:' } or {}) do
    local before = '+'
    while before do
      local page = redis.call('XREVRANGE', P .. kind .. shard, before, '-', 'COUNT', STEP)
      for _, mark in ipairs(page) do
        out[#out + 1] = mark
        if tonumber(mark[2][2]) < since then return out end
      end
      before = #page == STEP and '(' .. page[STEP][1]
    end
  end
  return out
end

local function attempts()
  local out = {}
  local function add(whose, told)
    if told then out[#out + 1], out[#out + 2] = whose, told end
  end
  if host ~= '' then
    add(host, redis.call('HGET', P .. 'last:' .. shard, host))
  elseif to > 0 and ARGV[7] == '' then
    local all = redis.call('HGETALL', P .. 'last:' .. shard)
    for i = 1, #all, 2 do
      local about = {}
      for word in string.gmatch(all[i + 1], '%S+') do
        local n = tonumber(string.match(word, '^%d+'))
        if n and n >= from and n <= to then about[#about + 1] = word end
      end
      if #about > 0 then add(all[i], table.concat(about, ' ')) end
    end
  end
  return out
end

local log = redis.call('HMGET', P .. 'log', 'last', 'floor', 'floorU', 'gatesn')
local frozen = redis.call('TYPE', FREEZES).ok == 'hash' and gates() or ''
local at = redis.call('HMGET', P .. 'shard:' .. shard, 'low', 'urgent')
return { log[1] or '0', log[2] or '0', at[1] or '0', at[2] or at[1] or '0',
  redis.call('XLEN', P .. 'direct:' .. shard),
  redis.call('ZCARD', P .. 'fail:' .. shard) - redis.call('ZCARD', P .. 'dropped:' .. shard), own(),
  records('fail:', '^%d+ ', to), records('late:', '^%d+ ', to), records('skip:', '^%d+ ', to),
  records('cut:', '^%d+ %d+ ', '+inf'), marks(), attempts(), log[3] or '0', log[4] or '0', frozen }
