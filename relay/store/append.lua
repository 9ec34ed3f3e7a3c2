#!lua
-- append: one accepted activity into the journal: seen? + entry + body + object index, in one piece.
-- All checks come before all writes: a script is atomic, but not rolled back.
-- Answer: OK n | DUP n | REUSED | STALE | NOTOWNER | NOBODY | AGAIN member | EPOCH
--
-- An object's record: owner (its host), live, top (the newest stamp seen), dead (when it was last
-- deleted), aud (zones that ever had it), hash (of our Announce that is out there, if one is), born
-- (more than its Delete is known), ab and af (where `seen` keeps the zones that it was announced to).
local P = '{weir}:'
local A = {}
for i, name in ipairs({ 'epoch', 'from', 'ver', 'now', 'kind', 'week', 'bucket', 'field', 'check', 'object',
  'owner', 'stamp', 'audience', 'zone', 'againbucket', 'againfield', 'hash', 'proof', 'type', 'undone', 'id',
  'objectid', 'objecthost', 'body' }) do
  A[name] = ARGV[i]
end

local log = redis.call('HMGET', P .. 'log', 'epoch', 'last')
if log[1] ~= A.epoch then return { 'EPOCH' } end
local MEMBER = P .. 'member:' .. A.from
if (redis.call('HGET', MEMBER, 'ver') or '0') ~= A.ver then
  return { 'AGAIN', redis.call('HGET', MEMBER, 'm') or '' }
end

local OBJ = P .. 'obj:' .. A.object
local got = {}
if A.object ~= '' then
  got = redis.call('HMGET', OBJ, 'owner', 'live', 'top', 'dead', 'aud', 'hash', 'born', 'ab', 'af')
end
local obj = { owner = got[1], live = got[2] == '1', top = tonumber(got[3] or '0'), dead = tonumber(got[4] or '0'),
  aud = got[5] or '', hash = got[6] or '', born = got[7] == '1', againbucket = got[8] or '', againfield = got[9] or '' }
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

local audience, hash, announced = A.audience, A.hash, '0'
local went = seen(A.againbucket, A.againfield) or ''
local undone = seen(obj.againbucket, obj.againfield) or ''

-- A Delete or Undo is known by the state of its object, never by its id: Create, Delete, Create again,
-- and the same Delete once more must all have their effect. It goes exactly where its object went; one
-- that is not indexed, to its sender's own zone.
local function decide_delete()
  if obj.owner and not obj.live then return 'DUP', '0' end
  audience = obj.owner and obj.aud or A.zone
  hash = obj.hash
  announced = hash ~= '' and '1' or '0'
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
  if A.kind == 'U' and obj.live then audience = obj.aud end
  if audience == '' then return 'NOBODY' end
  if A.kind == 'A' and A.proof == '0' then
    -- Two relays that announce each other's Announces would never end: an object that a zone was told of
    -- is not announced there again, whoever does it.
    audience = without(audience, went)
    if audience == '' then return 'DUP', '0' end
  end
  if A.kind == 'C' and obj.live and obj.hash ~= '' then hash = obj.hash end
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
if redis.call('HDEL', P .. 'down', A.from) == 1 then line('k', 'w', 'h', A.from) end

local dead = math.max(obj.dead, tonumber(A.now))
if refusal then
  if A.kind == 'D' then
    redis.call('HSET', OBJ, 'dead', dead)
  elseif refusal == 'STALE' or first == '0' then
    remember(A.bucket, A.field, '0:' .. A.check)
  end
  return { refusal, first }
end

local n = line('k', 'e', 't', A.now, 'a', audience, 'g', A.from, 'oh', A.objecthost, 'p', A.proof, 'ty', A.type,
  'u', A.undone, 'i', A.id, 'o', A.objectid, 'c', hash, 'an', announced, 'len', #A.body)
redis.call('SET', P .. 'body:' .. n, A.body)
if A.kind == 'D' then
  redis.call('HSET', OBJ, 'owner', A.owner, 'live', '0', 'dead', dead, 'aud', audience, 'top', obj.top)
  if obj.againfield ~= '' then remember(obj.againbucket, obj.againfield, without(undone, audience)) end
  return { 'OK', tostring(n) }
end
remember(A.bucket, A.field, n .. ':' .. A.check)
if A.againfield ~= '' then remember(A.againbucket, A.againfield, union(went, audience)) end
if A.object ~= '' then
  -- Only where our Announce went out is there one to undo.
  local out = obj.live and obj.hash or ''
  if A.proof == '0' and A.kind ~= 'U' and hash ~= '' then out = hash end
  redis.call('HSET', OBJ, 'owner', A.owner, 'live', '1', 'born', '1', 'top', math.max(tonumber(A.stamp), obj.top),
    'aud', union(obj.aud, audience), 'hash', out)
  if A.againfield ~= '' then redis.call('HSET', OBJ, 'ab', A.againbucket, 'af', A.againfield) end
end
return { 'OK', tostring(n) }
