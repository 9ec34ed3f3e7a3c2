#!lua flags=allow-oom
-- lease: one beat of a courier: its own entry goes on, what it gives back is nobody's, and whom it has
-- watched in vain is buried. An entry of the same name and another nonce is of an earlier start of the
-- same courier: never do two of one name run, so that one has ended, and what it owned is free at once.
-- ARGV: epoch, nonce, name, '1' at the first beat of this nonce, then words with their arguments:
--   R shard (give it back) | B nonce beat (bury, if that is its beat still) | L (leave: after all that)
-- Answer: OK { nonce, 'name beat', ... } { owner of shard 0 ('' = nobody), ... } | FENCED | EPOCH
local P = '{weir}:'
local LEASE = P .. 'lease'
local WORDS = { R = 1, B = 2, L = 0 }
local nonce, name = ARGV[2], ARGV[3]
local log = redis.call('HMGET', P .. 'log', 'epoch', 'shards')
if log[1] ~= ARGV[1] then return { 'EPOCH' } end
local own = redis.call('HGET', LEASE, nonce)
if not own and ARGV[4] ~= '1' then return { 'FENCED' } end
local at = 5
while at <= #ARGV do
  if not WORDS[ARGV[at]] then error('no such word: ' .. ARGV[at]) end
  at = at + 1 + WORDS[ARGV[at]]
end
if at ~= #ARGV + 1 then error('a word is cut short') end

-- One shard whose key is of the wrong type must not stop the others: it is nobody's.
local function owner_of(shard)
  local owner = redis.pcall('HGET', P .. 'shard:' .. shard, 'owner')
  return type(owner) == 'string' and owner or ''
end
local function split(value) return string.match(value, '^(.*) (%d+)$') end
local beat = 0
if own then
  local _, last = split(own)
  beat = tonumber(last or '0')
end
local table_before = redis.call('HGETALL', LEASE)
for i = 1, #table_before, 2 do
  if table_before[i] ~= nonce and split(table_before[i + 1]) == name then redis.call('HDEL', LEASE, table_before[i]) end
end
redis.call('HSET', LEASE, nonce, name .. ' ' .. string.format('%d', beat + 1))
at = 5
while at <= #ARGV do
  local word, a, b = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if word == 'R' then
    if owner_of(a) == nonce then redis.call('HDEL', P .. 'shard:' .. a, 'owner') end
  elseif word == 'B' then
    local _, last = split(redis.call('HGET', LEASE, a) or '')
    if a ~= nonce and last == b then redis.call('HDEL', LEASE, a) end
  elseif word == 'L' then
    redis.call('HDEL', LEASE, nonce)
  end
  at = at + 1 + WORDS[word]
end

local owners = {}
for shard = 0, tonumber(log[2]) - 1 do
  owners[#owners + 1] = owner_of(shard)
end
return { 'OK', redis.call('HGETALL', LEASE), owners }
