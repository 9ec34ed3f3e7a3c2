#!lua
-- append: one accepted activity into the journal: seen? + entry + body + object index, in one piece; or an
-- operator's recall of an object (kind R), which is a line of our own, with one of the audit log (`note`) beside it.
-- All checks come before all writes: a script is atomic, but not rolled back.
-- What some zones may have only once a person says so goes into a hold item besides (hold.part); an Update of what is
-- held joins its item; what takes it back closes it.
-- Answer: OK n { of } held | HELD 0 {} held | DUP n | REUSED | STALE | NOTOWNER | NOBODY | FULL | HELDFULL | NONE |
-- AGAIN member version { freeze } words | WRONG key | EPOCH
--
-- An object's record: owner (its host), live, top (the newest stamp seen), dead (when it was last
-- deleted), aud (zones that had it since), hash (of our Announce that stands, if one does), out (to whom
-- that went: 1 those who follow our actor, 2 all), born (more than its Delete is known), rc (an operator
-- recalled it: what comes of it later stays away), ab and af (where `seen` keeps the zones that it was
-- announced to), e (its entries: see parse()). Without entries in the journal it shrinks: see shrink().
-- An Announce has such a record too, since it can be undone; with o and oh, the object that it names, and
-- ob, where that has its record. What was announced is known as well: its owner's Delete goes there.
local P = '{weir}:'
local A = {}
for i, name in ipairs({ 'epoch', 'from', 'ver', 'freezes', 'now', 'kind', 'week', 'bucket', 'field', 'check', 'object',
  'owner', 'stamp', 'audience', 'zone', 'againbucket', 'againfield', 'hash', 'proof', 'type', 'undone', 'id',
  'objectid', 'objecthost', 'about', 'actor', 'gone', 'authors', 'words', 'author', 'reason', 'note', 'held', 'why',
  'known', 'fetched', 'actorid', 'typename', 'heldmost', 'bytesmost', 'body' }) do
  A[name] = ARGV[i]
end

local log = redis.call('HMGET', P .. 'log', 'epoch', 'last', 'lastN', 'lastU', 'floor', 'freezes', 'held',
  'heldbytes')
if log[1] ~= A.epoch then return { 'EPOCH' } end
local previous, floor = { N = log[3] or log[2], U = log[4] or '0' }, tonumber(log[5] or '0')
local MEMBER = P .. 'member:' .. A.from
--: author

-- What was decided about another member, another boundary, or by other words of its authors than there are now does not
-- count.
local ver, words = redis.call('HGET', MEMBER, 'ver') or '0', author_words(A.authors)
if A.kind ~= 'R' and (ver ~= A.ver or (log[6] or '') ~= A.freezes or words ~= A.words) then
  return { 'AGAIN', redis.call('HGET', MEMBER, 'm') or '', log[6] or '', redis.call('HVALS', P .. 'freezes'), words }
end

--: objects
--: audit
--: enter
--: held
--: hold

local obj, about = record(A.object), record(A.about)
if A.kind ~= 'R' and obj.owner and obj.owner ~= A.owner then return { 'NOTOWNER' } end

-- --- what is held of it --------------------------------------------------------------------------------

local held_items, held_bytes = tonumber(log[7] or '0'), tonumber(log[8] or '0')
local function held_of(name) return held_items > 0 and open_items(OF, name) or {} end
local size = #A.body + #A.fetched
local is_full = held_bytes + size > tonumber(A.bytesmost)

-- What is about the object itself; an Announce of it is somebody else's.
local joined
for _, item in ipairs(A.object ~= '' and held_of(A.object) or {}) do
  if item.object == A.object then
    if A.kind ~= 'R' and item.from ~= A.owner then return { 'NOTOWNER' } end
    joined = item
  end
end

-- Zones where it, or another Announce of the same, waits already.
local function waits(name)
  local zones = ''
  for _, item in ipairs(held_of(name)) do zones = union(zones, item.zones) end
  return zones
end

-- What goes with it: of the object, and of what its owner announced or others did; of an actor that is
-- gone, all that it wrote.
local function held_with_it()
  local out = {}
  for _, item in ipairs(held_of(A.object)) do
    if A.kind == 'R' or item.object == A.object or item.objecthost == A.owner then out[item.h] = true end
  end
  for _, item in ipairs(A.gone == '1' and open_items(BY, A.actor) or {}) do out[item.h] = true end
  return out
end
local takes_back = A.kind == 'D' or A.kind == 'R'
local closes = takes_back and held_with_it() or {}

-- --- what becomes of it --------------------------------------------------------------------------------

local audience, hash, announced = A.audience, A.hash, 0
local went = seen(A.againbucket, A.againfield) or ''
local undone = seen(obj.againbucket, obj.againfield) or ''

-- A Delete or Undo is known by the state of its object, never by its id: Create, Delete, Create again,
-- and the same Delete once more must all have their effect. It goes exactly where its object went; one
-- that is not indexed, to its sender's own zone; that of an actor, wherever its posts may go. What an
-- operator recalled is still to be deleted by its owner: we could take back no more than our Announce.
-- What was only held went nowhere: nobody is told, but it is written down that it is gone.
local function decide_delete()
  if A.kind == 'R' and not obj.owner and not next(closes) then return 'NONE' end
  if obj.owner and not obj.live and (A.kind == 'R' or not obj.recalled) then return 'DUP', '0' end
  audience = obj.owner and obj.aud or joined and '' or A.zone
  if A.gone == '1' then audience = union(audience, A.audience) end
  hash, announced = obj.hash, obj.out
  about = record(obj.about)
  A.objectid, A.objecthost = obj.objectid or A.objectid, obj.objecthost or A.objecthost
end

-- An Update goes where its object went, and waits where that waits.
local function decide_update(stamp)
  if joined and stamp > 0 and stamp < joined.top then return 'STALE' end
  if obj.live or joined then audience, A.held = obj.live and obj.aud or '', '' end
  if joined and is_full then return 'HELDFULL' end
end

-- Two relays that announce each other's Announces would never end: an object that a zone was told of
-- is not announced there again, whoever does it. What has a proof goes on as it is, to who takes that.
local function decide_announce()
  local untold = without(audience, went)
  if A.proof == '0' then audience = untold end
  if A.proof == '0' then A.held = without(without(A.held, went), waits(A.about)) end
  if audience == '' and A.held == '' then return 'DUP', '0' end
  if untold == '' then hash = '' end
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
  local refusal, first
  if A.kind == 'U' then refusal, first = decide_update(stamp) end
  if A.kind ~= 'U' then joined = nil end
  if not refusal and audience == '' and A.held == '' and not joined then return 'NOBODY' end
  if A.kind == 'A' then refusal, first = decide_announce() end
  if refusal then return refusal, first end
  if audience ~= '' and A.object ~= '' and not with(obj.entries, '0' .. sort(audience)) then return 'FULL' end
  if A.held ~= '' and (is_full or held_items >= tonumber(A.heldmost)) then return 'HELDFULL' end
  -- One object, one Announce of ours, however often and by whom it is told.
  local known = A.about ~= '' and about or obj
  if hash ~= '' and known.live and known.hash ~= '' then hash = known.hash end
end

local refusal, first
if takes_back then
  refusal, first = decide_delete()
else
  refusal, first = decide_other()
end
if not refusal and A.note ~= '' and audit_spoiled() then return { 'WRONG', AUDIT } end
local spoiled = (A.held ~= '' or joined or next(closes)) and held_spoiled()
if spoiled then return { 'WRONG', spoiled } end

-- --- from here on, only writes -------------------------------------------------------------------------

-- The host shows that it lives: whoever delivers to it need not wait any longer.
if redis.pcall('HDEL', P .. 'down', A.from) == 1 then line('N', 'k', 'w', 'h', A.from) end

for h in pairs(closes) do hold_close(h, 'deleted', A.now, '', A.reason) end
local dead = math.max(obj.dead, tonumber(A.now))
if refusal then
  if A.kind == 'D' then
    if not obj.short then redis.call('HSET', obj.key, 'dead', dead) end
  elseif refusal == 'STALE' or first == '0' then
    remember(A.bucket, A.field, '0:' .. A.check)
  end
  return { refusal, first }
end

if takes_back then
  local owner = obj.owner or (A.kind == 'R' and A.objecthost or A.owner)
  local n, of = enter(obj, about, true, audience, hash, announced)
  if A.gone == '1' then redis.call('HSET', P .. 'gone', A.actor, n) end
  redis.call('HSET', obj.key, 'owner', owner, 'live', '0', 'dead', dead, 'aud', audience,
    'top', obj.top, 'rc', A.kind == 'R' and 1 or 0, 'e', with(obj.entries, n .. 'd'))
  if A.kind == 'R' then redis.call('HSET', obj.key, 'hash', '', 'out', '0') end
  if about.owner then
    redis.call('HSET', about.key, 'e', with(about.entries, n .. 'x') or about.entries)
    -- Nobody else was told by another: then no Announce of it stands.
    if about.hash == hash and about.aud == audience then redis.call('HSET', about.key, 'hash', '', 'out', '0') end
  end
  if obj.againfield ~= '' then remember(obj.againbucket, obj.againfield, without(undone, audience)) end
  if A.note ~= '' then audit(A.epoch, A.note, n) end
  return { 'OK', tostring(n), of, '0' }
end

local n, of, h = '0', {}, '0'
if audience ~= '' then
  n, of = enter(obj, about, false, audience, hash, announced)
  stands(obj, about, audience, hash, went, n)
end
if joined then
  h = hold_join(joined)
elseif A.held ~= '' then
  h = hold_open()
end
if audience == '' then
  remember(A.bucket, A.field, '0:' .. A.check)
  return { 'HELD', '0', of, tostring(h) }
end
return { 'OK', tostring(n), of, tostring(h) }
