#!lua flags=allow-oom
-- commit: cursors of any number of shards, each moved by its owner alone and in sequence. Either all of
-- it is written or none.
-- ARGV: epoch, nonce, now, then changes, each a word and its arguments:
--   S shard seq low | C host record | F host | X n host code status | K n host code
--   G from to host code | D id | - host | + host          (all but S belong to the shard named last)
-- Answer: OK | EPOCH | FENCED shard | SEQ shard
local P = '{weir}:'
local WORDS = { S = 3, C = 2, F = 1, X = 4, K = 3, G = 4, D = 1, ['-'] = 1, ['+'] = 1 }
if redis.call('HGET', P .. 'log', 'epoch') ~= ARGV[1] then return { 'EPOCH' } end
local at = 4
while at <= #ARGV do
  local word = ARGV[at]
  if word == 'S' then
    local has = redis.call('HMGET', P .. 'shard:' .. ARGV[at + 1], 'owner', 'seq')
    if has[1] ~= ARGV[2] then return { 'FENCED', ARGV[at + 1] } end
    if tonumber(has[2] or '0') + 1 ~= tonumber(ARGV[at + 2]) then return { 'SEQ', ARGV[at + 1] } end
  end
  at = at + 1 + WORDS[word]
end

local shard
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
    redis.call('HSET', P .. 'fail:' .. shard, a .. ' ' .. b, c .. ' ' .. d .. ' ' .. ARGV[3])
  elseif word == 'K' then
    redis.call('HSET', P .. 'skip:' .. shard, a .. ' ' .. b, c .. ' ' .. ARGV[3])
  elseif word == 'G' then
    redis.call('HSET', P .. 'cut:' .. shard, a .. ' ' .. b .. ' ' .. c, d .. ' ' .. ARGV[3])
  elseif word == 'D' then
    redis.call('XDEL', P .. 'direct:' .. shard, a)
  elseif word == '-' then
    redis.call('HSET', P .. 'down', a, ARGV[3])
  elseif word == '+' then
    redis.call('HDEL', P .. 'down', a)
  end
  at = at + 1 + WORDS[word]
end
return { 'OK' }
