#!lua
-- append: one accepted activity into the journal: seen? + entry + body + object index, in one piece.
-- All checks come before all writes: a script is atomic, but not rolled back.
-- Answer: OK n | DUP n | REUSED | STALE | NOTOWNER | NOBODY | AGAIN member | EPOCH
--
-- An object's record: owner (its host), live, top (the newest stamp seen), dead (when it was last
-- deleted), aud (zones that ever had it), hash (of our Announce that stands, if one does), out (to whom
-- that went: 1 those who follow our actor, 2 all), born (more than its Delete is known), ab and af (where
-- `seen` keeps the zones that it was announced to), e (its newest entries, by number).
-- An Announce has such a record too, since it can be undone; with o and oh, the object that it names, and
-- ob, where that has its record. What was announced is known as well: its owner's Delete goes there.
local P = '{weir}:'
local A = {}
for i, name in ipairs({ 'epoch', 'from', 'ver', 'now', 'kind', 'week', 'bucket', 'field', 'check', 'object',
  'owner', 'stamp', 'audience', 'zone', 'againbucket', 'againfield', 'hash', 'proof', 'type', 'undone', 'id',
  'objectid', 'objecthost', 'about', 'body' }) do
  A[name] = ARGV[i]
end

local log = redis.call('HMGET', P .. 'log', 'epoch', 'last')
if log[1] ~= A.epoch then return { 'EPOCH' } end
local MEMBER = P .. 'member:' .. A.from
if (redis.call('HGET', MEMBER, 'ver') or '0') ~= A.ver then
  return { 'AGAIN', redis.call('HGET', MEMBER, 'm') or '' }
end

local function record(name)
  local got = {}
  if name ~= '' then
    got = redis.call('HMGET', P .. 'obj:' .. name, 'owner', 'live', 'top', 'dead', 'aud', 'hash', 'born', 'ab',
      'af', 'out', 'e', 'o', 'oh', 'ob')
  end
  return { key = P .. 'obj:' .. name, owner = got[1], live = got[2] == '1', top = tonumber(got[3] or '0'),
    dead = tonumber(got[4] or '0'), aud = got[5] or '', hash = got[6] or '', born = got[7] == '1',
    againbucket = got[8] or '', againfield = got[9] or '', out = tonumber(got[10] or '0'), entries = got[11] or '',
    objectid = got[12], objecthost = got[13], about = got[14] or '' }
end
local obj, about = record(A.object), record(A.about)
if obj.owner and obj.owner ~= A.owner then return { 'NOTOWNER' } end

local function seen(bucket, field)
  if field == '' then return end
  for week = tonumber(A.week), tonumber(A.week) - 1, -1 do
    local value = redis.call('HGET', P .. 'seen:' .. week .. ':' .. bucket, field)
    if value then return value end
  end
end
-- The zones of a that are not in b.
local function without(a, b)
  local has, out = {}, {}
  for name in string.gmatch(b, '[^,]+') do has[name] = true end
  for name in string.gmatch(a, '[^,]+') do
    if not has[name] then out[#out + 1] = name end
  end
  return table.concat(out, ',')
end
local function union(a, b)
  local more = without(b, a)
  return a .. ((a ~= '' and more ~= '') and ',' or '') .. more
end

local audience, hash, announced = A.audience, A.hash, 0
local went = seen(A.againbucket, A.againfield) or ''
local undone = seen(obj.againbucket, obj.againfield) or ''

-- A Delete or Undo is known by the state of its object, never by its id: Create, Delete, Create again,
-- and the same Delete once more must all have their effect. It goes exactly where its object went; one
-- that is not indexed, to its sender's own zone.
local function decide_delete()
  if obj.owner and not obj.live then return 'DUP', '0' end
  audience = obj.owner and obj.aud or A.zone
  hash, announced = obj.hash, obj.out
  about = record(obj.about)
  A.objectid, A.objecthost = obj.objectid or A.objectid, obj.objecthost or A.objecthost
end

local function decide_other()
  local was = seen(A.bucket, A.field)
  if was then
    local n, check = string.match(was, '^(%d+):(.*)$')
    if check == A.check then return 'DUP', n end
    return 'REUSED'
  end
  local stamp = tonumber(A.stamp)
  if obj.owner and stamp > 0 and (stamp < obj.top or stamp <= obj.dead) then return 'STALE' end
  -- Without a stamp nothing says which came first. An Update never brings back what was deleted; a Create
  -- is the late one where nothing but the Delete is known of its object.
  if obj.owner and stamp == 0 and not obj.live and (A.kind == 'U' or not obj.born) then return 'STALE' end
  -- Nor does an Announce that is older than the Delete of what it names.
  if about.owner and not about.live and stamp <= about.dead then return 'STALE' end
  if A.kind == 'U' and obj.live then audience = obj.aud end
  if audience == '' then return 'NOBODY' end
  if A.kind == 'A' then
    -- Two relays that announce each other's Announces would never end: an object that a zone was told of
    -- is not announced there again, whoever does it. What has a proof goes on as it is, to who takes that.
    local untold = without(audience, went)
    if A.proof == '0' then audience = untold end
    if audience == '' then return 'DUP', '0' end
    if untold == '' then hash = '' end
  end
  -- One object, one Announce of ours, however often and by whom it is told.
  local known = A.about ~= '' and about or obj
  if hash ~= '' and known.live and known.hash ~= '' then hash = known.hash end
end

local refusal, first
if A.kind == 'D' then
  refusal, first = decide_delete()
else
  refusal, first = decide_other()
end

-- From here on, only writes.
local last = log[2]
local function line(...)
  local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
  redis.call('XADD', P .. 'N', A.epoch .. '-' .. n, 'pv', last, ...)
  redis.call('HSET', P .. 'log', 'last', n)
  last = n
  return n
end
local function remember(bucket, field, value)
  local key = P .. 'seen:' .. A.week .. ':' .. bucket
  redis.call('HSET', key, field, value)
  redis.call('EXPIRE', key, 15 * 86400)
end

-- The host shows that it lives: whoever delivers to it need not wait any longer.
if redis.pcall('HDEL', P .. 'down', A.from) == 1 then line('k', 'w', 'h', A.from) end

local dead = math.max(obj.dead, tonumber(A.now))
if refusal then
  if A.kind == 'D' then
    redis.call('HSET', obj.key, 'dead', dead)
  elseif refusal == 'STALE' or first == '0' then
    remember(A.bucket, A.field, '0:' .. A.check)
  end
  return { refusal, first }
end

local n = line('k', 'e', 't', A.now, 'a', audience, 'g', A.from, 'oh', A.objecthost, 'p', A.proof, 'ty', A.type,
  'u', A.undone, 'i', A.id, 'o', A.objectid, 'c', hash, 'an', announced, 'len', #A.body)
redis.call('SET', P .. 'body:' .. n, A.body)
remember(A.bucket, A.field, n .. ':' .. A.check)
-- The newest entries about it, oldest first.
local function entries(before)
  local list = {}
  for number in string.gmatch(before, '%d+') do list[#list + 1] = number end
  list[#list + 1] = tostring(n)
  return table.concat(list, ' ', math.max(1, #list - 31))
end
if A.kind == 'D' then
  redis.call('HSET', obj.key, 'owner', A.owner, 'live', '0', 'dead', dead, 'aud', audience, 'top', obj.top,
    'e', entries(obj.entries))
  if about.owner then
    redis.call('HSET', about.key, 'e', entries(about.entries))
    -- Nobody else was told by another: then no Announce of it stands.
    if about.hash == hash and about.aud == audience then redis.call('HSET', about.key, 'hash', '', 'out', '0') end
  end
  if obj.againfield ~= '' then remember(obj.againbucket, obj.againfield, without(undone, audience)) end
  return { 'OK', tostring(n) }
end
if A.againfield ~= '' then remember(A.againbucket, A.againfield, union(went, audience)) end
if A.object ~= '' then
  -- Only where our Announce went out is there one to undo.
  local function told(known)
    local standing, out = '', 0
    if known.live then standing, out = known.hash, known.out end
    if hash == '' then return standing, out end
    return hash, math.max(out, A.proof == '0' and 2 or 1)
  end
  local function keep(known, ...)
    local standing, out = told(known)
    redis.call('HSET', known.key, 'live', '1', 'aud', union(known.aud, audience), 'hash', standing, 'out', out,
      'e', entries(known.entries), ...)
    if A.againfield ~= '' then redis.call('HSET', known.key, 'ab', A.againbucket, 'af', A.againfield) end
  end
  keep(obj, 'owner', A.owner, 'born', '1', 'top', math.max(tonumber(A.stamp), obj.top))
  if A.about ~= '' then
    redis.call('HSET', obj.key, 'o', A.objectid, 'oh', A.objecthost, 'ob', A.about)
    keep(about, 'owner', about.owner or A.objecthost)
  end
end
return { 'OK', tostring(n) }
