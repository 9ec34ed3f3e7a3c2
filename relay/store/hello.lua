#!lua flags=allow-oom
-- hello: the handshake of every new connection. Finds or founds the journal, and opens a new epoch when
-- this Redis is not the process that wrote last: what it may have lost is then behind a line, and no
-- number is ever used twice under one id. What was lost may be the newest epoch itself: so it also goes
-- beyond the one that the caller remembers, and beyond the seconds of the clock (a help, not relied on).
-- ARGV: journal id we know ('' = none), id for a new journal ('' = none is to be founded), shards, newest epoch that we know (0 = none),
--   whose journal it is ('' = not said): two relays must not share one, whatever their directories know,
--   schema that the caller reads and writes, fingerprint of the keys that it signs with ('' = not said): who
--   works for one relay on several machines must sign as the same actor
-- Answer: OK id epoch shards ended schema | NONE | EMPTY | RESTORING | OTHER id [owner] | SCHEMA n | KEYS
-- schema: that it had until now. An older layout is brought up here, step by step: a script is alone, so
-- of many who start at once one does it; and whoever still works by the older one is in an older epoch
-- then, and can write no more.
-- ended: the last number that was given out in the epoch that the caller knows, or so far
local P = '{weir}:'
local LOG = P .. 'log'
local SCHEMA = tonumber(ARGV[6])
local id = redis.call('HGET', LOG, 'id')
if not id then
  if redis.call('EXISTS', P .. 'restoring') == 1 then return { 'RESTORING' } end
  if ARGV[1] ~= '' then return { 'EMPTY' } end
  if ARGV[2] == '' then return { 'NONE' } end
  id = ARGV[2]
  redis.call('HSET', LOG, 'id', id, 'schema', SCHEMA, 'shards', ARGV[3], 'epoch', 0, 'run', '',
    'n', 0, 'last', 0, 'floor', 0, 'bodyfloor', 0)
elseif ARGV[1] ~= '' and ARGV[1] ~= id then
  return { 'OTHER', id }
end
local schema = tonumber(redis.call('HGET', LOG, 'schema'))
if not schema or schema < 1 or schema > SCHEMA then return { 'SCHEMA', tostring(schema) } end
local owner = redis.call('HGET', LOG, 'owner')
if owner and ARGV[5] ~= '' and owner ~= ARGV[5] then return { 'OTHER', id, owner } end
local keys = redis.call('HGET', LOG, 'keys')
if keys and ARGV[7] ~= '' and keys ~= ARGV[7] then return { 'KEYS' } end
if not owner and ARGV[5] ~= '' then redis.call('HSET', LOG, 'owner', ARGV[5]) end
if not keys and ARGV[7] ~= '' then redis.call('HSET', LOG, 'keys', ARGV[7]) end

-- From a schema to the next.
local migrations = {
  [1] = function() -- one lane becomes two: what there was is the normal one
    redis.call('HSET', LOG, 'lastN', redis.call('HGET', LOG, 'last'), 'lastU', 0, 'floorU', 0)
  end,
}
for from = schema, SCHEMA - 1 do migrations[from]() end
if schema < SCHEMA then redis.call('HSET', LOG, 'schema', SCHEMA, 'run', '') end

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local log = redis.call('HMGET', LOG, 'run', 'epoch', 'n', 'shards')
local epoch, known = tonumber(log[2]), tonumber(ARGV[4])
if log[1] ~= run or epoch < known then
  if epoch > 0 then redis.call('HSET', P .. 'epochs', log[2], log[3]) end
  epoch = math.max(epoch + 1, known + 1, tonumber(redis.call('TIME')[1]))
  redis.call('HSET', LOG, 'run', run, 'epoch', epoch)
end
local ended = ARGV[4] ~= tostring(epoch) and redis.call('HGET', P .. 'epochs', ARGV[4])
return { 'OK', id, tostring(epoch), log[4], ended or log[3], tostring(schema) }
