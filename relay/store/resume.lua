#!lua flags=allow-oom
-- resume: may a courier that was without Redis go on with what it has in memory? Only where its lease and its
-- shards are its own still, and where nothing is lost of what it had read. Writes nothing, and is refused all
-- the same where nothing can be written: then it is too early.
-- ARGV: epoch, nonce, the epoch when it was loaded, the newest number that it has heard of, then its shards
-- Answer: OK seq seq ... | FENCED | BEHIND n (the journal came back shorter) | EPOCH
local P = '{weir}:'
local log = redis.call('HMGET', P .. 'log', 'epoch', 'n')
if log[1] ~= ARGV[1] then return { 'EPOCH' } end
if redis.call('HEXISTS', P .. 'lease', ARGV[2]) == 0 then return { 'FENCED' } end
local ended = tonumber(log[2])
local epochs = redis.call('HGETALL', P .. 'epochs')
local known = ARGV[1] == ARGV[3]
for i = 1, #epochs, 2 do
  if tonumber(epochs[i]) >= tonumber(ARGV[3]) then ended = math.min(ended, tonumber(epochs[i + 1])) end
  known = known or epochs[i] == ARGV[3]
end
if not known or ended < tonumber(ARGV[4]) then return { 'BEHIND', tostring(ended) } end
local answer = { 'OK' }
--: shards
for i = 5, #ARGV do
  if wrong(ARGV[i]) then return { 'FENCED' } end -- whoever claims it anew is told why
  local has = redis.call('HMGET', P .. 'shard:' .. ARGV[i], 'owner', 'seq')
  if has[1] ~= ARGV[2] then return { 'FENCED' } end
  answer[#answer + 1] = has[2] or '0'
end
return answer
