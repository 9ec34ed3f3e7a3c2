#!lua
-- append: one accepted activity into the journal: seen? + entry + body + object index, in one piece.
-- All checks come before all writes: a script is atomic, but not rolled back.
-- Answer: OK n | DUP n | REUSED | STALE | NOTOWNER | NOBODY | AGAIN member | EPOCH
local P = '{weir}:'
local A = {}
for i, name in ipairs({ 'epoch', 'from', 'ver', 'now', 'kind', 'week', 'bucket', 'field', 'check', 'object',
  'owner', 'stamp', 'audience', 'zone', 'againbucket', 'againfield', 'hash', 'proof', 'type', 'undone', 'id',
  'objectid', 'objecthost', 'body' }) do
  A[name] = ARGV[i]
end

local log = redis.call('HMGET', P .. 'log', 'epoch', 'n', 'last')
if log[1] ~= A.epoch then return { 'EPOCH' } end
local member = redis.call('HMGET', P .. 'member:' .. A.from, 'ver', 'm')
if (member[1] or '0') ~= A.ver then return { 'AGAIN', member[2] or '' } end

local OBJ = P .. 'obj:' .. A.object
local obj = {}
if A.object ~= '' then
  local got = redis.call('HMGET', OBJ, 'owner', 'live', 'top', 'dead', 'aud', 'hash')
  obj = { owner = got[1], live = got[2] == '1', top = tonumber(got[3] or '0'), dead = tonumber(got[4] or '0'),
    aud = got[5] or '', hash = got[6] or '' }
  if obj.owner and obj.owner ~= A.owner then return { 'NOTOWNER' } end
end

local function seen(bucket, field)
  for _, week in ipairs({ A.week, tostring(tonumber(A.week) - 1) }) do
    local value = redis.call('HGET', P .. 'seen:' .. week .. ':' .. bucket, field)
    if value then return value end
  end
end
local function remember(bucket, field, value)
  local key = P .. 'seen:' .. A.week .. ':' .. bucket
  redis.call('HSET', key, field, value)
  redis.call('EXPIRE', key, 15 * 86400)
end
local function union(a, b)
  local has, out = {}, {}
  for name in string.gmatch(a .. ',' .. b, '[^,]+') do
    if not has[name] then
      has[name] = true
      out[#out + 1] = name
    end
  end
  return table.concat(out, ',')
end

local audience, hash, announced = A.audience, A.hash, '0'
if A.kind == 'D' then
  -- A Delete or Undo is known by the state of its object, never by its id: Create, Delete, Create again,
  -- and the same Delete once more must all have their effect.
  if obj.owner and not obj.live then
    redis.call('HSET', OBJ, 'dead', math.max(obj.dead, tonumber(A.now)))
    return { 'DUP', '0' }
  end
  -- It goes exactly where its object went; one that is not indexed, to its sender's own zone.
  audience = obj.owner and obj.aud or A.zone
  hash = obj.hash or ''
  announced = hash ~= '' and '1' or '0'
else
  local was = seen(A.bucket, A.field)
  if was then
    local n, check = string.match(was, '^(%d+):(.*)$')
    if check ~= A.check then return { 'REUSED' } end
    return { 'DUP', n }
  end
  if A.againfield ~= '' and A.kind == 'A' and A.proof == '0' and seen(A.againbucket, A.againfield) then
    remember(A.bucket, A.field, '0:' .. A.check)
    return { 'DUP', '0' }
  end
  local stamp = tonumber(A.stamp)
  local buried = obj.owner and not obj.live and obj.top == 0
  if obj.owner and ((stamp > 0 and (stamp < obj.top or stamp <= obj.dead)) or (stamp == 0 and buried)) then
    remember(A.bucket, A.field, '0:' .. A.check)
    return { 'STALE' }
  end
  if A.kind == 'U' and obj.owner and obj.live then
    audience = obj.aud
  elseif obj.owner and obj.live and A.kind == 'C' then
    hash = obj.hash ~= '' and obj.hash or hash
  end
end
if audience == '' then return { 'NOBODY' } end

-- From here on, only writes.
local last = log[3]
local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
if redis.call('HDEL', P .. 'down', A.from) == 1 then
  -- The host shows that it lives: whoever delivers to it need not wait any longer.
  redis.call('XADD', P .. 'N', A.epoch .. '-' .. n, 'k', 'w', 'h', A.from, 'pv', last)
  last = n
  n = redis.call('HINCRBY', P .. 'log', 'n', 1)
end
redis.call('XADD', P .. 'N', A.epoch .. '-' .. n, 'k', 'e', 't', A.now, 'a', audience, 'g', A.from,
  'oh', A.objecthost, 'p', A.proof, 'ty', A.type, 'u', A.undone, 'i', A.id, 'o', A.objectid, 'c', hash,
  'an', announced, 'len', #A.body, 'pv', last)
redis.call('HSET', P .. 'log', 'last', n)
redis.call('SET', P .. 'body:' .. n, A.body)
if A.kind ~= 'D' then
  remember(A.bucket, A.field, n .. ':' .. A.check)
  if A.againfield ~= '' then remember(A.againbucket, A.againfield, '1') end
end
if A.object ~= '' then
  if A.kind == 'D' then
    redis.call('HSET', OBJ, 'owner', A.owner, 'live', '0', 'dead', A.now, 'aud', audience, 'top', obj.top or 0)
  else
    redis.call('HSET', OBJ, 'owner', A.owner, 'live', '1', 'top', math.max(tonumber(A.stamp), obj.top or 0),
      'aud', union(obj.owner and obj.aud or '', audience),
      -- Only where our Announce went out is there one to undo.
      'hash', A.proof == '0' and A.kind ~= 'U' and hash or obj.hash or '')
  end
end
return { 'OK', tostring(n) }
