#!lua flags=allow-oom
-- restore: the two ends of putting a backup back. While it lasts the facts about the journal stand aside,
-- so that nobody takes a part for the whole; at the end they become the journal's. Nobody owns anything
-- then; and whoever comes next is another Redis process to it, and opens an epoch behind all that were
-- ever known: no number is used twice under one id. Which keys the actor has is for that one to say, too.
-- A journal that is to be replaced goes first of all: whoever still works for it, on another machine, is
-- in no epoch then, and can write no more among what is removed and put there.
-- ARGV: begin, newest epoch that the caller knows of, 'replace' or '' -> OK
--       end, whose journal it is -> OK epoch n | PART
local P = '{weir}:'
local LOG, ASIDE = P .. 'log', P .. 'restoring'
local function epoch_of(key, field) return tonumber(redis.call('HGET', key, field) or '0') end

if ARGV[1] == 'begin' then
  local known = math.max(tonumber(ARGV[2]), epoch_of(LOG, 'epoch'), epoch_of(ASIDE, 'known'))
  redis.call('HSET', ASIDE, 'known', string.format('%d', known))
  if ARGV[3] == 'replace' then redis.call('DEL', LOG) end
  return { 'OK' }
end

local log = redis.call('HMGET', ASIDE, 'id', 'epoch', 'n', 'shards', 'known')
if not (log[1] and log[2] and log[3] and log[4] and log[5]) then return { 'PART' } end
local epoch = string.format('%d', math.max(tonumber(log[2]), tonumber(log[5])))

-- From here on, only writes.
redis.call('HSET', P .. 'epochs', log[2], log[3])
redis.call('HDEL', ASIDE, 'known', 'keys')
redis.call('HSET', ASIDE, 'epoch', epoch, 'run', '', 'owner', ARGV[2])
for shard = 0, tonumber(log[4]) - 1 do redis.call('HDEL', P .. 'shard:' .. shard, 'owner') end
redis.call('DEL', P .. 'lease')
redis.call('RENAME', ASIDE, LOG)
return { 'OK', epoch, log[3] }
