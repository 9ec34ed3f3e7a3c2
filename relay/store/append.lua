#!lua
-- append: one accepted activity into the journal: seen? + entry + body + object index, in one piece; or an
-- operator's recall of an object (kind R), which is a line of our own, with one of the audit log (`note`) beside it.
-- All checks come before all writes: a script is atomic, but not rolled back.
-- Answer: OK n { of } | DUP n | REUSED | STALE | NOTOWNER | NOBODY | FULL | NONE | AGAIN member version { freeze } | WRONG key | EPOCH
--
-- An object's record: owner (its host), live, top (the newest stamp seen), dead (when it was last
-- deleted), aud (zones that had it since), hash (of our Announce that stands, if one does), out (to whom
-- that went: 1 those who follow our actor, 2 all), born (more than its Delete is known), rc (an operator
-- recalled it: what comes of it later stays away), ab and af (where `seen` keeps the zones that it was
-- announced to), e (its entries: see parse()). Without entries in the journal it shrinks: see shrink().
-- An Announce has such a record too, since it can be undone; with o and oh, the object that it names, and
-- ob, where that has its record. What was announced is known as well: its owner's Delete goes there.
local P = '{weir}:'
local MOST = 32 -- entries of an object
local A = {}
for i, name in ipairs({ 'epoch', 'from', 'ver', 'freezes', 'now', 'kind', 'week', 'bucket', 'field', 'check', 'object',
  'owner', 'stamp', 'audience', 'zone', 'againbucket', 'againfield', 'hash', 'proof', 'type', 'undone', 'id',
  'objectid', 'objecthost', 'about', 'actor', 'gone', 'reason', 'note', 'body' }) do
  A[name] = ARGV[i]
end

local log = redis.call('HMGET', P .. 'log', 'epoch', 'last', 'lastN', 'lastU', 'floor', 'freezes')
if log[1] ~= A.epoch then return { 'EPOCH' } end
local previous, floor = { N = log[3] or log[2], U = log[4] or '0' }, tonumber(log[5] or '0')
local MEMBER = P .. 'member:' .. A.from
-- What was decided about another member, or another boundary, than there is now does not count.
if A.kind ~= 'R' and ((redis.call('HGET', MEMBER, 'ver') or '0') ~= A.ver or (log[6] or '') ~= A.freezes) then
  return { 'AGAIN', redis.call('HGET', MEMBER, 'm') or '', log[6] or '', redis.call('HVALS', P .. 'freezes') }
end

--: objects
--: audit

local obj, about = record(A.object), record(A.about)
if A.kind ~= 'R' and obj.owner and obj.owner ~= A.owner then return { 'NOTOWNER' } end

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

-- --- the entries of an object --------------------------------------------------------------------------

-- What a later one may do away with: not taken back yet.
local function standing(text)
  local out = {}
  for _, e in ipairs(parse(text)) do
    if e.kind == 'd' then
      out = {}
    elseif e.kind ~= 'x' then
      out[#out + 1] = e
    end
  end
  return out
end
-- An Update is as good as the earlier one: of the same form, and for whoever had that.
local function replaces(later, e)
  return e.kind == 'u' and later.kind == 'u' and e.proof == later.proof and without(e.aud, later.aud) == ''
end
-- What may go first where there are too many: what has left the journal, what was taken back, Announces
-- (of something deleted they do no harm), Updates that a later one replaces.
local GOES = {
  function(list, i) return tonumber(list[i].n) <= floor end,
  function(list, i)
    for k = i + 1, #list do
      if list[k].kind == 'd' then return true end
    end
  end,
  function(list, i) return list[i].kind == 'a' or list[i].kind == 'x' end,
  function(list, i)
    for k = i + 1, #list do
      if replaces(list[k], list[i]) then return true end
    end
  end,
}
local function leave_out(list)
  for _, goes in ipairs(GOES) do
    for i = 1, #list - 1 do
      if goes(list, i) then
        table.remove(list, i)
        return true
      end
    end
  end
end
-- With one more, nil if there is no room.
local function with(text, word)
  if text == '' then return word end
  local list = parse(text .. ' ' .. word)
  while #list > MOST do
    if not leave_out(list) then return nil end
  end
  local words = {}
  for i, e in ipairs(list) do words[i] = e.word end
  return table.concat(words, ' ')
end

-- --- what becomes of it --------------------------------------------------------------------------------

local function seen(bucket, field)
  if field == '' then return end
  for week = tonumber(A.week), tonumber(A.week) - 1, -1 do
    local value = redis.call('HGET', P .. 'seen:' .. week .. ':' .. bucket, field)
    if value then return value end
  end
end
local audience, hash, announced = A.audience, A.hash, 0
local went = seen(A.againbucket, A.againfield) or ''
local undone = seen(obj.againbucket, obj.againfield) or ''

-- A Delete or Undo is known by the state of its object, never by its id: Create, Delete, Create again,
-- and the same Delete once more must all have their effect. It goes exactly where its object went; one
-- that is not indexed, to its sender's own zone; that of an actor, wherever its posts may go. What an
-- operator recalled is still to be deleted by its owner: we could take back no more than our Announce.
local function decide_delete()
  if A.kind == 'R' and not obj.owner then return 'NONE' end
  if obj.owner and not obj.live and (A.kind == 'R' or not obj.recalled) then return 'DUP', '0' end
  audience = obj.owner and obj.aud or A.zone
  if A.gone == '1' then audience = union(audience, A.audience) end
  hash, announced = obj.hash, obj.out
  about = record(obj.about)
  A.objectid, A.objecthost = obj.objectid or A.objectid, obj.objecthost or A.objecthost
end

-- What it is, as parse() has it.
local function sort()
  return A.kind == 'U' and ':' .. A.proof .. ':' .. audience or A.kind == 'A' and 'a' or ''
end

local function decide_other()
  local was = seen(A.bucket, A.field)
  if was then
    local n, check = string.match(was, '^(%d+):(.*)$')
    if check == A.check then return 'DUP', n end
    return 'REUSED'
  end
  local stamp = tonumber(A.stamp)
  if obj.recalled or about.recalled then return 'STALE' end
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
  if A.object ~= '' and not with(obj.entries, '0' .. sort()) then return 'FULL' end
  -- One object, one Announce of ours, however often and by whom it is told.
  local known = A.about ~= '' and about or obj
  if hash ~= '' and known.live and known.hash ~= '' then hash = known.hash end
end

local takes_back = A.kind == 'D' or A.kind == 'R'
local refusal, first
if takes_back then
  refusal, first = decide_delete()
else
  refusal, first = decide_other()
end
if not refusal and A.note ~= '' and audit_spoiled() then return { 'WRONG', AUDIT } end

-- --- from here on, only writes -------------------------------------------------------------------------

local function line(lane, ...)
  local n = redis.call('HINCRBY', P .. 'log', 'n', 1)
  redis.call('XADD', P .. lane, A.epoch .. '-' .. n, 'pv', previous[lane], ...)
  previous[lane] = n
  redis.call('HSET', P .. 'log', 'last', n, 'lastN', previous.N, 'lastU', previous.U)
  return n
end
local function remember(bucket, field, value)
  local key = P .. 'seen:' .. A.week .. ':' .. bucket
  -- A bucket is new once a week, and only then has to be told when it goes.
  if redis.call('HSET', key, field, value) == 1 and redis.call('HLEN', key) == 1 then
    redis.call('EXPIRE', key, 15 * 86400)
  end
end

-- The host shows that it lives: whoever delivers to it need not wait any longer.
if redis.pcall('HDEL', P .. 'down', A.from) == 1 then line('N', 'k', 'w', 'h', A.from) end

local dead = math.max(obj.dead, tonumber(A.now))
if refusal then
  if A.kind == 'D' then
    if not obj.short then redis.call('HSET', obj.key, 'dead', dead) end
  elseif refusal == 'STALE' or first == '0' then
    remember(A.bucket, A.field, '0:' .. A.check)
  end
  return { refusal, first }
end

-- A short record becomes a long one again.
local function lift(r)
  if not r.short then return end
  redis.call('HSET', r.key, 'owner', r.owner, 'live', r.live and 1 or 0, 'top', r.top, 'dead', r.dead, 'aud', r.aud,
    'hash', r.hash, 'out', r.out, 'born', r.born and 1 or 0, 'rc', r.recalled and 1 or 0, 'ob', r.about,
    'e', r.entries)
  redis.call('HDEL', home(r.name))
end
lift(obj)
lift(about)

-- The earlier entries that this one does away with.
local update = { kind = A.kind == 'U' and 'u' or '', proof = A.proof, aud = audience }
local of, waiting = {}, {}
for _, e in ipairs(standing(obj.entries)) do
  if takes_back or replaces(update, e) then
    of[#of + 1] = e.n
    if tonumber(e.n) > floor then waiting[#waiting + 1] = e.n end
  end
end

local objects = A.object
if about.name ~= '' then objects = objects .. ' ' .. about.name end
local facts = { 't', A.now, 'a', audience, 'g', A.from, 'oh', A.objecthost, 'p', A.proof, 'ty', A.type, 'u', A.undone,
  'i', A.id, 'o', A.objectid, 'c', hash, 'an', announced, 'len', #A.body, 'ob', objects, 'ac', A.actor }
local function fact(name, value)
  if value ~= '' and value ~= '0' then facts[#facts + 1], facts[#facts + 2] = name, value end
end
fact('of', table.concat(of, ' '))
fact('gn', A.gone)
fact('re', A.reason)
local n = line(takes_back and 'U' or 'N', 'k', takes_back and 'u' or 'e', unpack(facts))
if A.kind ~= 'R' then
  redis.call('SET', P .. 'body:' .. n, A.body)
  remember(A.bucket, A.field, n .. ':' .. A.check)
end

-- Couriers skip what bears a mark: taken back by n; or replaced by each of these, for whoever may have it.
if #waiting > 0 then
  local marks, bodies = {}, {}
  for i, was in ipairs(redis.call('HMGET', P .. 'marks', unpack(waiting))) do
    local mark = 'r' .. n
    if was and string.sub(was, 1, 1) == 'r' then
      mark = was
    elseif not takes_back then
      mark = (was and was .. ';' or '') .. 's' .. n .. ':' .. A.proof .. ':' .. audience
    end
    marks[#marks + 1], marks[#marks + 2] = waiting[i], mark
    bodies[i] = P .. 'body:' .. waiting[i]
  end
  redis.call('HSET', P .. 'marks', unpack(marks))
  if takes_back then redis.call('UNLINK', unpack(bodies)) end
end
if A.gone == '1' then redis.call('HSET', P .. 'gone', A.actor, n) end

if takes_back then
  redis.call('HSET', obj.key, 'owner', obj.owner or A.owner, 'live', '0', 'dead', dead, 'aud', audience,
    'top', obj.top, 'rc', A.kind == 'R' and 1 or 0, 'e', with(obj.entries, n .. 'd'))
  if A.kind == 'R' then redis.call('HSET', obj.key, 'hash', '', 'out', '0') end
  if about.owner then
    redis.call('HSET', about.key, 'e', with(about.entries, n .. 'x') or about.entries)
    -- Nobody else was told by another: then no Announce of it stands.
    if about.hash == hash and about.aud == audience then redis.call('HSET', about.key, 'hash', '', 'out', '0') end
  end
  if obj.againfield ~= '' then remember(obj.againbucket, obj.againfield, without(undone, audience)) end
  if A.note ~= '' then audit(A.epoch, A.note, n) end
  return { 'OK', tostring(n), of }
end
if A.againfield ~= '' then remember(A.againbucket, A.againfield, union(went, audience)) end
if A.object ~= '' then
  local word = n .. sort()
  -- Only where our Announce went out is there one to undo.
  local function told(known)
    local standing_hash, out = '', 0
    if known.live then standing_hash, out = known.hash, known.out end
    if hash == '' then return standing_hash, out end
    return hash, math.max(out, A.proof == '0' and 2 or 1)
  end
  -- Whoever had it before it was deleted was told of that, and has no part in what comes now.
  local function keep(known, fields)
    local standing_hash, out = told(known)
    local function field(name, value) fields[#fields + 1], fields[#fields + 2] = name, value end
    field('live', '1')
    field('aud', union(known.live and known.aud or '', audience))
    field('hash', standing_hash)
    field('out', out)
    field('e', with(known.entries, word) or known.entries)
    if A.againfield ~= '' then
      field('ab', A.againbucket)
      field('af', A.againfield)
    end
    redis.call('HSET', known.key, unpack(fields))
  end
  local own = { 'owner', A.owner, 'born', '1', 'top', math.max(tonumber(A.stamp), obj.top) }
  if A.about ~= '' then
    keep(obj, { 'o', A.objectid, 'oh', A.objecthost, 'ob', A.about, unpack(own) })
    keep(about, { 'owner', about.owner or A.objecthost })
  else
    keep(obj, own)
  end
end
return { 'OK', tostring(n), of }
