#!lua flags=allow-oom
-- commit: cursors of any number of shards, each moved by its owner alone and in sequence. Either all of
-- it is written or none.
-- ARGV: epoch, nonce, now, then changes, each a word and its arguments:
--   S shard seq low | C host record | F host | X n host code status | K n host code
--   G from to host code | D id | - host | + host          (all but S belong to the shard named last)
-- What was passed undelivered lies in sorted sets by the number of the entry (of a cut: the last that it
-- covers), so that it can be found by that number and forgotten behind the floor.
-- Answer: OK | EPOCH | FENCED shard | SEQ shard
local P = '{weir}:'
local WORDS = { S = 3, C = 2, F = 1, X = 4, K = 3, G = 4, D = 1, ['-'] = 1, ['+'] = 1 }
if redis.call('HGET', P .. 'log', 'epoch') ~= ARGV[1] then return { 'EPOCH' } end
local shard
local at = 4
while at <= #ARGV do
  local word = ARGV[at]
  if word == 'S' then
    shard = ARGV[at + 1]
    local has = redis.call('HMGET', P .. 'shard:' .. shard, 'owner', 'seq')
    if has[1] ~= ARGV[2] then return { 'FENCED', shard } end
    if tonumber(has[2] or '0') + 1 ~= tonumber(ARGV[at + 2]) then return { 'SEQ', shard } end
  elseif not (shard and WORDS[word]) then
    error('no such change, or of no shard: ' .. word)
  end
  at = at + 1 + WORDS[word]
end
if at ~= #ARGV + 1 then error('a change is cut short') end

local now = ARGV[3]
at = 4
while at <= #ARGV do
  local word, a, b, c, d = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  if word == 'S' then
    shard = a
    redis.call('HSET', P .. 'shard:' .. shard, 'seq', b, 'low', c)
  elseif word == 'C' then
    redis.call('HSET', P .. 'own:' .. shard, a, b)
  elseif word == 'F' then
    redis.call('HDEL', P .. 'own:' .. shard, a)
  elseif word == 'X' then
    redis.call('ZADD', P .. 'fail:' .. shard, a, table.concat({ a, b, c, d, now }, ' '))
  elseif word == 'K' then
    redis.call('ZADD', P .. 'skip:' .. shard, a, table.concat({ a, b, c, now }, ' '))
  elseif word == 'G' then
    redis.call('ZADD', P .. 'cut:' .. shard, b, table.concat({ a, b, c, d, now }, ' '))
  elseif word == 'D' then
    redis.call('XDEL', P .. 'direct:' .. shard, a)
  elseif word == '-' then
    redis.call('HSET', P .. 'down', a, now)
  elseif word == '+' then
    redis.call('HDEL', P .. 'down', a)
  end
  at = at + 1 + WORDS[word]
end
return { 'OK' }
