#!lua flags=allow-oom
-- claim: a courier becomes the owner of a shard, and reads what it has to know of it. It may, if nobody
-- with a lease owns it. Shards that it is about to claim besides become its own by the same call, those of
-- them that may: each call that writes waits for the disk, and whoever takes over has no time for 64 of them.
-- ARGV: epoch, nonce of the courier, shard, shards besides...
-- Answer: OK seq low urgent { host record host record ... } newest-of-lane-U | TAKEN | WRONG key (one is not of the type that it
-- should be: nobody can be served of this shard, and it is left as it is) | FENCED (no lease of our own) | EPOCH
local P = '{weir}:'
if redis.call('HGET', P .. 'log', 'epoch') ~= ARGV[1] then return { 'EPOCH' } end
--: shards
local LEASE, S = P .. 'lease', P .. 'shard:' .. ARGV[3]
local ours = {}
if redis.call('HEXISTS', LEASE, ARGV[2]) == 0 then return { 'FENCED' } end
-- nil: it is ours, or will be.
local function refusal(shard)
  local key = wrong(shard)
  if key then return { 'WRONG', key } end
  local owner = redis.call('HGET', P .. 'shard:' .. shard, 'owner')
  if owner == ARGV[2] then return end
  if owner and redis.call('HEXISTS', LEASE, owner) == 1 then return { 'TAKEN' } end
  ours[#ours + 1] = shard
end
local refused = refusal(ARGV[3])
for at = 4, #ARGV do refusal(ARGV[at]) end
for _, shard in ipairs(ours) do redis.call('HSET', P .. 'shard:' .. shard, 'owner', ARGV[2]) end
if refused then return refused end
local has = redis.call('HMGET', S, 'seq', 'low', 'urgent')
return { 'OK', has[1] or '0', has[2] or '0', has[3] or has[2] or '0', redis.call('HGETALL', P .. 'own:' .. ARGV[3]),
  redis.call('HGET', P .. 'log', 'lastU') or '0' }
