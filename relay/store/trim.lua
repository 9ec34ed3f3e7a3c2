#!lua flags=allow-oom
-- trim: one step of forgetting, oldest first, each lane by itself: bodies, then entries with what is recorded
-- about them; and objects that nobody has touched for long. Those who were further behind find the floor of the
-- lane above them, and record the gap. What is of the lane U keeps its body as long as it is there.
-- Too much in use: bodies go early, then entries, then those of the lane U; nothing that is new.
-- ARGV: epoch, now (0: none of all this, just tell), what goes by age, as the time before which it was accepted:
--   entries, bodies, entries of U; bytes that Redis may use (0: a share of its limit, if it has one), the time
--   since when nothing goes for them, days that objects are known (0: the clock is not trusted: none is
--   forgotten), lines of each kind at most
-- A key that is of another type than it should be is left as it is, with what it holds; the others are not.
-- Answer: OK more now-of-Redis now-of-the-last-trusted-step used limit floor floorU bodyfloor, what went: entries
--   bodies of-U objects, and how many keys were left so, and one of them | WRONG key (nothing can be forgotten) | EPOCH
local P = '{weir}:'
local SHARE, LINE, BUCKETS, SWEPT, DAY = 0.6, 600, 65536, 64, 86400000
local LOG = P .. 'log'
local now, entries_before, bodies_before, urgent_before, bytes, new_since, object_days, most = unpack(ARGV, 2, 9)
now, entries_before, bodies_before = tonumber(now), tonumber(entries_before), tonumber(bodies_before)
urgent_before, bytes, new_since = tonumber(urgent_before), tonumber(bytes), tonumber(new_since)
object_days, most = tonumber(object_days), tonumber(most)

local log = redis.call('HMGET', LOG, 'epoch', 'floor', 'floorU', 'bodyfloor', 'bodyat', 'n', 'shards', 'swept', 'trimmed',
  'floorat', 'bare', 'thinned')
if log[1] ~= ARGV[1] then return { 'EPOCH' } end

local stopped = {} -- keys that are not what they should be
local function is(key, kind)
  local has = redis.call('TYPE', key).ok
  if has == kind or has == 'none' then return true end
  stopped[#stopped + 1] = key
end
local whole = true
for key, kind in pairs({ N = 'stream', U = 'stream', marks = 'hash', gone = 'hash', out = 'hash', days = 'hash', aud = 'hash' }) do
  whole = is(P .. key, kind) and whole
end
if not whole then return { 'WRONG', stopped[1] } end
local records, marked = {}, {} -- the kinds that can be read, shard by shard; where all marks of moves can
for shard = 0, tonumber(log[7]) - 1 do
  records[shard] = {}
  for _, kind in ipairs({ 'cut:', 'fail:', 'dropped:', 'orders:', 'late:', 'skip:' }) do
    if is(P .. kind .. shard, 'zset') then table.insert(records[shard], kind) end
  end
  marked[shard] = true
  for _, kind in ipairs({ 'when:', 'when10:', 'when60:', 'when600:' }) do
    marked[shard] = is(P .. kind .. shard, 'stream') and marked[shard]
  end
end

local floor, floorU, bodyfloor = tonumber(log[2] or '0'), tonumber(log[3] or '0'), tonumber(log[4] or '0')
local bodyat, floorat, new_floorat, bare_to = log[5], log[10], log[10], log[11] -- ids
local went = { entries = 0, bodies = 0, urgent = 0, objects = 0 }
local more = false

local memory = redis.call('INFO', 'memory')
local used = tonumber(string.match(memory, 'used_memory:(%d+)'))
local limit = bytes > 0 and bytes or math.floor(tonumber(string.match(memory, 'maxmemory:(%d+)')) * SHARE)
local over = limit > 0 and used - limit or 0

--: objects

local function number(entry) return tonumber(string.match(entry[1], '%-(%d+)$')) end
local function field(entry, name)
  for i = 1, #entry[2], 2 do
    if entry[2][i] == name then return entry[2][i + 1] end
  end
end
-- When it was accepted; nil: it is no entry.
local function accepted(entry)
  local kind = field(entry, 'k')
  return (kind == 'e' or kind == 'u') and tonumber(field(entry, 't')) or nil
end
local function is_old(entry, before, hurry)
  local t = accepted(entry)
  return t and (t < before or (hurry and over > 0 and t < new_since))
end
local function drop_body(entry)
  if redis.call('UNLINK', P .. 'body:' .. string.format('%d', number(entry))) == 1 then
    over = over - tonumber(field(entry, 'len') or '0')
    went.bodies = went.bodies + 1
  end
end

-- True if there is nothing left that could go.
local function trim_bodies()
  local lines = redis.call('XRANGE', P .. 'N', bodyat and '(' .. bodyat or '-', '+', 'COUNT', most)
  for _, entry in ipairs(lines) do
    if accepted(entry) then
      if not is_old(entry, bodies_before, true) and number(entry) > bodyfloor then return true end
      drop_body(entry)
    end
    bodyat, bodyfloor = entry[1], math.max(bodyfloor, number(entry))
  end
  more = more or #lines == most
  return #lines < most
end

-- The first lines of a lane that are to go: how many. What is none of the entries goes with one that follows.
local function count_old(lines, before, hurry)
  local n = 0
  for i, entry in ipairs(lines) do
    if is_old(entry, before, hurry) then
      n = i
      over = over - LINE
    elseif accepted(entry) then
      return n, true
    end
  end
  more = more or (n > 0 and #lines == most)
  return n, #lines < most
end

-- The entry that follows a page of N that holds none: behind how many lines it comes does not matter, as it is
-- remembered up to where there is none.
local function entry_behind(lines)
  local last = lines[#lines]
  if not bare_to or number({ bare_to }) < number(last) then bare_to = last[1] end
  local page = redis.call('XRANGE', P .. 'N', '(' .. bare_to, '+', 'COUNT', most)
  for _, entry in ipairs(page) do
    if accepted(entry) then return entry end
    bare_to = entry[1]
  end
  more = more or #page == most
end

local touched = {}
local function forget(lines, n)
  local numbers = {}
  for i = 1, n do
    drop_body(lines[i])
    numbers[i] = string.format('%d', number(lines[i]))
    for name in string.gmatch(field(lines[i], 'ob') or '', '%x+') do touched[name] = true end
  end
  return numbers
end

-- Never the newest: by its id those who come later find their epoch.
local function trim_entries(hurry)
  local lines = redis.call('XRANGE', P .. 'N', '-', '+', 'COUNT', most)
  local n, done = count_old(lines, entries_before, hurry)
  if n == 0 and not done then
    local entry = entry_behind(lines)
    if entry and is_old(entry, entries_before, hurry) then n, more = #lines, true end
    done = entry and n == 0
  end
  if n == #lines then n = n - 1 end
  if n < 1 then return done end
  local numbers = forget(lines, n)
  redis.call('XTRIM', P .. 'N', 'MINID', lines[n + 1][1])
  redis.call('HDEL', P .. 'marks', unpack(numbers))
  went.entries, floor, new_floorat = went.entries + n, number(lines[n + 1]) - 1, lines[n][1]
  if floor > bodyfloor then bodyat, bodyfloor = lines[n][1], floor end
  return done
end

local function trim_urgent(hurry)
  local lines = redis.call('XRANGE', P .. 'U', '-', '+', 'COUNT', most)
  local n = count_old(lines, urgent_before, hurry)
  if n < 1 then return end
  local numbers = forget(lines, n)
  floorU = number(lines[n])
  redis.call('XTRIM', P .. 'U', 'MINID', string.match(lines[n][1], '^%d+%-') .. string.format('%d', floorU + 1))
  went.urgent = went.urgent + #numbers
end

-- --- what was recorded ---------------------------------------------------------------------------------

local function remove(kind, shard, from, to)
  return redis.call('ZREMRANGEBYSCORE', P .. kind .. shard, from, to)
end
-- A record goes with its entry. One of a number below the floor is of a line of U that is still there, or is to
-- go; a cut stays as long as one of those that it covers may be there.
local function forget_records(before)
  local first = redis.call('XRANGE', P .. 'U', '-', '+', 'COUNT', 1)[1]
  local whole = first and math.min(floor, number(first) - 1) or floor
  local kept, at = {}, floorat and '(' .. floorat or '-'
  while floor > whole do
    local page = redis.call('XRANGE', P .. 'U', at, '+', 'COUNT', most)
    for _, entry in ipairs(page) do
      if number(entry) > before and number(entry) <= floor then kept[#kept + 1] = number(entry) end
    end
    if #page < most or number(page[#page]) > floor then break end
    at = '(' .. page[#page][1]
  end
  kept[#kept + 1] = floor + 1
  for shard, kinds in pairs(records) do
    for _, kind in ipairs(kinds) do
      remove(kind, shard, '-inf', whole)
      if kind ~= 'cut:' and redis.call('ZCOUNT', P .. kind .. shard, '(' .. before, floor) > 0 then
        local from = before + 1
        for _, n in ipairs(kept) do
          remove(kind, shard, from, '(' .. n)
          from = n + 1
        end
      end
    end
  end
end

-- The short record of an object of which nothing is in the journal any more.
local function shrink(name)
  local place, key = home(name)
  if not (is(P .. 'obj:' .. name, 'hash') and is(place, 'hash')) then return end
  local r = record(name)
  local newest = 0
  if not r.owner or r.short then return end
  for _, e in ipairs(parse(r.entries)) do
    local n = tonumber(e.n)
    if n > ((e.kind == 'd' or e.kind == 'x') and floorU or floor) then return end
    newest = math.max(newest, n)
  end
  local text = r.owner .. ' ' .. r.aud
  local who = redis.call('HGET', P .. 'aud', text)
  if not who then
    who = redis.call('HLEN', P .. 'aud') / 2 + 1
    redis.call('HSET', P .. 'aud', text, who, who, text)
  end
  local stands = r.live and r.hash ~= ''
  local flags = (r.live and LIVE or 0) + (r.born and BORN or 0) + (r.recalled and RECALLED or 0) +
    (stands and r.out or 0) * OUT + (r.about ~= '' and ABOUT or 0)
  redis.call('HSET', place, key, struct.pack('>I3I5I6B', who, newest, r.live and r.top or r.dead, flags) ..
    (stands and unhex(r.hash) or '') .. unhex(r.about))
  redis.call('DEL', r.key)
end

local function forget_gone()
  local gone = redis.call('HGETALL', P .. 'gone')
  for i = 1, #gone, 2 do
    if tonumber(gone[i + 1]) <= floor then redis.call('HDEL', P .. 'gone', gone[i]) end
  end
end

-- The same, where an author may have opted out more than once.
local function forget_out()
  local out = redis.call('HGETALL', P .. 'out')
  for i = 1, #out, 2 do
    local lines = {}
    for n in string.gmatch(out[i + 1], '%d+') do
      if tonumber(n) > floor then lines[#lines + 1] = n end
    end
    if #lines == 0 then
      redis.call('HDEL', P .. 'out', out[i])
    else
      redis.call('HSET', P .. 'out', out[i], table.concat(lines, ' '))
    end
  end
end

-- Which number was the newest on which day: how old something is that has no entry any more.
local function forget_objects()
  local today, day, known_from = math.floor(now / DAY), -1, nil
  redis.call('HSETNX', P .. 'days', today, log[6])
  local days = redis.call('HGETALL', P .. 'days')
  for i = 1, #days, 2 do
    if tonumber(days[i]) <= today - object_days and tonumber(days[i]) > day then
      day, known_from = tonumber(days[i]), tonumber(days[i + 1])
    end
  end
  if not known_from then return end
  for i = 1, #days, 2 do
    if tonumber(days[i]) < day then redis.call('HDEL', P .. 'days', days[i]) end
  end
  local from = tonumber(log[8] or '0')
  for bucket = from, from + SWEPT - 1 do
    local key = P .. 'objs:' .. string.format('%04x', bucket % BUCKETS)
    local all = is(key, 'hash') and redis.call('HGETALL', key) or {}
    for i = 1, #all, 2 do
      local _, n = struct.unpack('>I3I5', all[i + 1])
      if n <= known_from then
        redis.call('HDEL', key, all[i])
        went.objects = went.objects + 1
      end
    end
  end
  redis.call('HSET', LOG, 'swept', (from + SWEPT) % BUCKETS)
end

-- --- when cursors moved --------------------------------------------------------------------------------

--: thin

-- --- one step ------------------------------------------------------------------------------------------

if now > 0 then
  local before = floor
  local bare = trim_bodies()
  local empty = trim_entries(bare)
  trim_urgent(bare and empty)
  if went.entries + went.urgent > 0 then
    forget_records(before)
    for name in pairs(touched) do shrink(name) end
    forget_gone()
    forget_out()
  end
  if object_days > 0 then
    forget_objects()
    redis.call('HSET', LOG, 'trimmed', now)
  end
  more = more or (over > 0 and went.entries + went.bodies + went.urgent > 0)
  thin_marks(marked)
  redis.call('HSET', LOG, 'floor', floor, 'floorU', floorU, 'bodyfloor', bodyfloor)
  if new_floorat then redis.call('HSET', LOG, 'floorat', new_floorat) end
  if bare_to then redis.call('HSET', LOG, 'bare', bare_to) end
  if bodyat then redis.call('HSET', LOG, 'bodyat', bodyat) end
end
local time = redis.call('TIME')
local function text(n) return string.format('%d', n) end
return { 'OK', more and '1' or '0', text(time[1] * 1000 + math.floor(time[2] / 1000)), log[9] or '0', text(used),
  text(limit), text(floor), text(floorU), text(bodyfloor), text(went.entries), text(went.bodies), text(went.urgent),
  text(went.objects), text(#stopped), stopped[1] or '' }
