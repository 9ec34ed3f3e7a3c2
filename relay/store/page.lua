#!lua flags=no-writes,allow-oom
-- page: a stretch of the journal behind a number, and the facts that say whether it is whole.
-- ARGV: after, count
-- Answer: n floor { entries }
local P = '{weir}:'
local log = redis.call('HMGET', P .. 'log', 'n', 'floor', 'epoch')
-- Ids are epoch-n. The epoch of the first entry behind `after` is the oldest one that reached past it.
local epoch = log[3]
local epochs = redis.call('HGETALL', P .. 'epochs')
for i = 1, #epochs, 2 do
  if tonumber(epochs[i + 1]) > tonumber(ARGV[1]) and tonumber(epochs[i]) < tonumber(epoch) then epoch = epochs[i] end
end
return { log[1], log[2], redis.call('XRANGE', P .. 'N', epoch .. '-' .. tostring(tonumber(ARGV[1]) + 1), '+',
  'COUNT', ARGV[2]) }
