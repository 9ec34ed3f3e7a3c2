#!lua flags=no-writes,allow-oom
-- ledger: how far the destinations of one shard have got, as of one moment.
-- ARGV: shard, host ('' = all)
-- Answer: last floor low mail { host record ... }
local P = '{weir}:'
local shard, host = ARGV[1], ARGV[2]
local log = redis.call('HMGET', P .. 'log', 'last', 'floor')
local own = {}
if host == '' then
  own = redis.call('HGETALL', P .. 'own:' .. shard)
else
  local record = redis.call('HGET', P .. 'own:' .. shard, host)
  if record then own = { host, record } end
end
return { log[1] or '0', log[2] or '0', redis.call('HGET', P .. 'shard:' .. shard, 'low') or '0',
  redis.call('XLEN', P .. 'direct:' .. shard), own }
