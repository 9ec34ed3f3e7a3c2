#!lua flags=allow-oom
-- settle: what was decided about an item that is held: what it has goes into the journal for these zones, others wait
-- on, and if none does it is closed; in one piece with the line of the audit log.
-- ARGV: epoch, h, revision, version of its sender's record, version of the freezes, now, week, zones that get it, zones
--   that wait on, why they do, how it is closed, by whom, why, what to write in the audit log ('' = nothing)
-- Answer: OK state n ('0': no entry) | NONE | CLOSED state | CHANGED | AGAIN | FULL | WRONG key | EPOCH
local P = '{weir}:'
local epoch, h, revision, ver, freezes, now, week, sent, kept, why, closed, by, reason, note = unpack(ARGV)
local log = redis.call('HMGET', P .. 'log', 'epoch', 'last', 'lastN', 'lastU', 'floor', 'freezes')
if log[1] ~= epoch then return { 'EPOCH' } end
local previous, floor = { N = log[3] or log[2], U = log[4] or '0' }, tonumber(log[5] or '0')
local A

--: objects
--: audit
--: enter
--: held

local item = redis.call('HMGET', hold_key(h), 's', 'r', 'g', 'st', 'n', 'a', 'b', 'ua', 'ub', 'z')
if not item[1] then return { 'NONE' } end
if item[1] ~= 'open' then return { 'CLOSED', item[1] } end
if item[2] ~= revision then return { 'CHANGED' } end
local known = redis.call('HGET', P .. 'member:' .. item[3], 'ver') or '0'
if sent ~= '' and (known ~= ver or (log[6] or '') ~= freezes) then return { 'AGAIN' } end

-- The activity, and its newest Update: as if they came now. Who repeats them repeats these.
local versions = {}
local function add(packed, body)
  if not packed or sent == '' then return end
  local version = cmsgpack.unpack(packed)
  version.epoch, version.week, version.now, version.body, version.reason, version.gone = epoch, week, now, body, '', ''
  version.zone = item[10] or ''
  versions[#versions + 1] = version
end
add(item[6], item[7])
add(item[8], item[9])

local room = versions[1] and record(versions[1].object).entries
for _, version in ipairs(versions) do
  A = version
  room = A.object == '' and '' or with(room, '0' .. sort(sent))
  if not room then return { 'FULL' } end
end
local spoiled = held_spoiled() or (note ~= '' and audit_spoiled())
if spoiled then return { 'WRONG', spoiled } end

-- --- from here on, only writes -------------------------------------------------------------------------

local n = item[5] or '0'
for _, version in ipairs(versions) do
  A = version
  local obj, about = record(A.object), record(A.about)
  local went, audience, hash = seen(A.againbucket, A.againfield) or '', sent, A.hash
  if A.kind == 'A' then
    local untold = without(audience, went)
    if A.proof == '0' then audience = untold end
    if untold == '' then hash = '' end
  end
  local known = A.about ~= '' and about or obj
  if hash ~= '' and known.live and known.hash ~= '' then hash = known.hash end
  if audience ~= '' then
    n = enter(obj, about, false, audience, hash, 0)
    stands(obj, about, audience, hash, went, n)
  end
end
redis.call('HSET', hold_key(h), 'st', union(item[4] or '', sent), 'n', n)
local state = 'open'
if kept ~= '' then
  redis.call('HSET', hold_key(h), 'zs', kept, 'w', why)
else
  state = closed
  hold_close(h, closed, now, by, reason)
end
if note ~= '' then audit(epoch, note, n ~= '0' and n or nil) end
return { 'OK', state, tostring(n) }
