#!lua
-- consent: authors agree to be relayed, or do not; or what they said is forgotten. Who says no has none of what
-- still waits sent: a line in the urgent lane for nobody (gn 2) tells the couriers, and the hash `out` (actor's number
-- -> such lines, oldest first) whoever reads the journal later (page.lua).
-- ARGV: epoch, now, word (y, n; - = forget), how, by, when it was said, what may not be changed ('' = nothing; no =
--   who says no; or: all but what came in this way), most authors of an origin, what to write in the audit log
--   ('' = nothing), then of each: actor, its origin (https://host/), its number
-- Answer: OK changed, then the word of each now (y, n, -) | FULL | WRONG key | EPOCH
local P = '{weir}:'
local LINES = 8 -- of one author; who changes its mind more often may have some of the oldest sent
--: author
--: audit
--: held
local epoch, now, word, how, by, said, but, most, note = unpack(ARGV, 1, 9)
local OUT = P .. 'out'
local log = redis.call('HMGET', P .. 'log', 'epoch', 'last', 'lastU', 'floor', 'lastN')
if log[1] ~= epoch then return { 'EPOCH' } end
for key, kind in pairs({ [AUTHORS] = 'zset', [OUT] = 'hash', [P .. 'U'] = 'stream' }) do
  local has = redis.call('TYPE', key).ok
  if has ~= 'none' and has ~= kind then return { 'WRONG', key } end
end
local spoiled = held_spoiled() or (note ~= '' and audit_spoiled())
if spoiled then return { 'WRONG', spoiled } end

-- What becomes of one: the same word again is no change, but it was said later.
local function step(known)
  if word == '-' then return known and (but == '' or known.how == but) and 'forget' or 'stay' end
  if not known then return 'write' end
  if known.said > tonumber(said) then return 'stay' end
  if known.word == word then return 'later' end
  -- Posts tell seconds: of two at once, no counts.
  local stays = known.word == 'n' and (but == 'no' or known.said == tonumber(said))
  return stays and 'stay' or 'write'
end
local todo, more, met = {}, {}, {}
for i = 10, #ARGV, 3 do
  local actor, origin = ARGV[i], ARGV[i + 1]
  local known = author(actor)
  local what = met[actor] and 'stay' or step(known)
  todo[#todo + 1] = { actor = actor, number = ARGV[i + 2], known = known, what = what }
  met[actor] = true
  if what == 'write' and not known then more[origin] = (more[origin] or 0) + 1 end
end
for origin, n in pairs(more) do
  local has = redis.call('ZLEXCOUNT', AUTHORS, '[' .. origin, '(' .. string.sub(origin, 1, -2) .. '0')
  if has + n > tonumber(most) then return { 'FULL' } end
end

-- From here on, only writes.
local last = log[3] or '0'
local function opts_out(number)
  local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
  redis.call('XADD', P .. 'U', epoch .. '-' .. n, 'pv', last, 'k', 'u', 't', now, 'a', '', 'p', '0', 'len', '0', 'ob',
    '', 'ac', number, 'gn', '2')
  last = n
  redis.call('HSET', P .. 'log', 'last', n, 'lastN', log[5] or log[2] or '0', 'lastU', n)
  local lines = {}
  for was in string.gmatch(redis.call('HGET', OUT, number) or '', '%d+') do
    if tonumber(was) > tonumber(log[4] or '0') then lines[#lines + 1] = was end
  end
  lines[#lines + 1] = n
  hold_close_author(number, 'opted-out', now, by, '')
  redis.call('HSET', OUT, number, table.concat(lines, ' ', math.max(1, #lines - LINES + 1)))
end
local function write(actor, ...)
  redis.call('ZADD', AUTHORS, 0, table.concat({ actor, ... }, ' '))
end
local changed, words = 0, {}
for _, one in ipairs(todo) do
  local known, what = one.known, one.what
  if what ~= 'stay' and known then redis.call('ZREM', AUTHORS, known.text) end
  if what == 'later' then write(one.actor, word, known.how, known.at, said, known.by) end
  if what == 'write' then write(one.actor, word, how, now, said, by) end
  if what == 'write' and word == 'n' then opts_out(one.number) end
  if what == 'write' or what == 'forget' then changed = changed + 1 end
end
for i, one in ipairs(todo) do words[i] = author_words(one.actor) end
if note ~= '' then audit(epoch, note) end
return { 'OK', tostring(changed), unpack(words) }
