#!lua flags=allow-oom
-- commit: cursors of any number of shards, each moved by its owner alone and in sequence. Either all of
-- it is written or none.
-- ARGV: epoch, nonce, now, then changes, each a word and its arguments (all but S belong to the shard named last):
--   S shard seq low urgent | C host low record | F host | X n host slot code status tries detail
--   L n host slot tries | K n host slot code | G from to host slot code lanes | R n host slot | P n host | D id |
--   - host | + host
-- X: never delivered; L: late, not on the first attempt (tries 0: on the first, ahead of the cursor); R: a failure is to be tried again, its record goes;
-- P: an operator dropped it, its record says so.
-- What was passed undelivered lies in sorted sets by the number of the entry (of a cut: the last that it
-- covers), so that it can be found by that number and forgotten behind the floor:
--   fail: n host slot flag code status time tries detail     (flag: `-`, or `d` = dropped)
--   late: n host slot tries time;  skip: n host code time slot;  cut: from to host code time slot lanes
-- slot: which inbox of the host; one more than there can be (8): all of them; 9: it was direct mail.
-- Where a cursor moved, that is told in the stream `when`, an entry for each commit of a shard (or more, where
-- many moved), its id the commit's sequence: t (time), s (low of the shard), then each host with a cursor of
-- its own that moved: its low (behind a `+` if it had none of its own before), or `=` where it follows s from
-- here on. The script that trims leaves fewer of them, the older they are.
-- Which failures were dropped is kept a second time, to be counted: dropped: n host slot
-- Answer: OK | EPOCH | FENCED shard | SEQ shard | WRONG key (of a type that can't be written to)
local P = '{weir}:'
local WHEN_KEPT, MOVED_MOST = 2000, 1000 -- entries of the stream; words of one of them
local WORDS = { S = 4, C = 3, F = 1, X = 7, L = 4, K = 4, G = 6, R = 3, P = 2, D = 1, ['-'] = 1, ['+'] = 1 }
-- What each writes to, beside the shard's record: only that is asked for its type. (Whoever claims a shard, or
-- resumes, asks for all of it.)
local WRITES = { S = { 'when' }, C = { 'own' }, F = { 'own' }, X = { 'fail' }, L = { 'late', 'fail', 'dropped' },
  K = { 'skip' }, G = { 'cut' }, R = { 'fail', 'dropped' }, P = { 'fail', 'dropped' }, D = { 'direct' },
  ['-'] = {}, ['+'] = {} }
if redis.call('HGET', P .. 'log', 'epoch') ~= ARGV[1] then return { 'EPOCH' } end
-- A script that stops half way is not rolled back: the shard would have moved without what is recorded of it.
--: shards
local shard, asked
local was = {}
local at = 4
while at <= #ARGV do
  local word = ARGV[at]
  if word == 'S' then
    shard = ARGV[at + 1]
    asked = {}
    local has = redis.pcall('HMGET', P .. 'shard:' .. shard, 'owner', 'seq', 'low')
    if has.err then return { 'WRONG', P .. 'shard:' .. shard } end
    if has[1] ~= ARGV[2] then return { 'FENCED', shard } end
    if tonumber(has[2] or '0') + 1 ~= tonumber(ARGV[at + 2]) then return { 'SEQ', shard } end
    was[shard] = has[3] or '0'
  elseif not (shard and WORDS[word]) then
    error('no such change, or of no shard: ' .. word)
  end
  for _, name in ipairs(WRITES[word]) do
    local key = not asked[name] and spoiled_one(name, shard)
    if key then return { 'WRONG', key } end
    asked[name] = true
  end
  at = at + 1 + WORDS[word]
end
if at ~= #ARGV + 1 then error('a change is cut short') end

local now = ARGV[3]
local moved, seq, low -- of the shard at hand
local function tell_when()
  if not shard or (#moved == 0 and low == was[shard]) then return end
  for part = 0, math.max(0, math.ceil(#moved / MOVED_MOST) - 1) do
    redis.call('XADD', P .. 'when:' .. shard, 'MAXLEN', '~', WHEN_KEPT, seq .. '-' .. part, 't', now, 's', low,
      unpack(moved, part * MOVED_MOST + 1, math.min(#moved, (part + 1) * MOVED_MOST)))
  end
end
-- The failures of entry n for this host, in the inbox `of` or whatever the inbox: each goes, and stays as
-- `keep` makes it.
local function settle_failures(n, host, keep, of)
  local key = P .. 'fail:' .. shard
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, n, n)) do
    local whose, slot, flag, rest = string.match(member, '^%d+ (%S+) (%S+) (%S+) (.*)$')
    if whose == host and (not of or slot == of or not tonumber(slot)) then
      if not tonumber(slot) then slot, rest = '8', table.concat({ slot, flag, rest, '0', '' }, ' ') end -- of before
      local name = table.concat({ n, host, slot }, ' ')
      redis.call('ZREM', key, member)
      redis.call('ZREM', P .. 'dropped:' .. shard, name)
      if keep then
        redis.call('ZADD', key, n, table.concat({ name, keep, rest }, ' '))
        redis.call('ZADD', P .. 'dropped:' .. shard, n, name)
      end
    end
  end
end

local apply = {
  C = function(host, at_low, record)
    local fresh = redis.call('HSET', P .. 'own:' .. shard, host, record) == 1
    moved[#moved + 1] = host
    moved[#moved + 1] = (fresh and '+' or '') .. at_low
  end,
  F = function(host)
    redis.call('HDEL', P .. 'own:' .. shard, host)
    moved[#moved + 1] = host
    moved[#moved + 1] = '='
  end,
  X = function(n, host, slot, code, status, tries, detail)
    redis.call('ZADD', P .. 'fail:' .. shard, n,
      table.concat({ n, host, slot, '-', code, status, now, tries, detail }, ' '))
  end,
  L = function(n, host, slot, tries)
    settle_failures(n, host, nil, slot) -- a replay delivered what was refused once
    redis.call('ZADD', P .. 'late:' .. shard, n, table.concat({ n, host, slot, tries, now }, ' '))
  end,
  K = function(n, host, slot, code)
    redis.call('ZADD', P .. 'skip:' .. shard, n, table.concat({ n, host, code, now, slot }, ' '))
  end,
  G = function(from, to, host, slot, code, lanes)
    redis.call('ZADD', P .. 'cut:' .. shard, to, table.concat({ from, to, host, code, now, slot, lanes }, ' '))
  end,
  R = function(n, host, slot) settle_failures(n, host, nil, slot) end,
  P = function(n, host) settle_failures(n, host, 'd') end,
  D = function(id) redis.call('XDEL', P .. 'direct:' .. shard, id) end,
  ['-'] = function(host) redis.pcall('HSET', P .. 'down', host, now) end,
  ['+'] = function(host) redis.pcall('HDEL', P .. 'down', host) end,
}
shard = nil
at = 4
while at <= #ARGV do
  local word = ARGV[at]
  if word == 'S' then
    tell_when()
    shard, seq, low, moved = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], {}
    redis.call('HSET', P .. 'shard:' .. shard, 'seq', seq, 'low', low, 'urgent', ARGV[at + 4])
  else
    apply[word](unpack(ARGV, at + 1, at + WORDS[word]))
  end
  at = at + 1 + WORDS[word]
end
tell_when()
return { 'OK' }
