#!lua flags=no-writes,allow-oom
-- couriers: who owns how many shards, and how many replicas follow, as of one moment: for people.
-- ARGV: seconds; a replica that was not heard of for longer does not follow
-- Answer: how many replicas follow | shards that nobody owns who has a lease | { name shards name shards ... }
local P = '{weir}:'
local heard = tonumber(ARGV[1])
local shards = tonumber(redis.call('HGET', P .. 'log', 'shards') or '0')
local leases = redis.call('HGETALL', P .. 'lease')
local has, nobodys = {}, 0
for i = 1, #leases, 2 do has[leases[i]] = 0 end
for shard = 0, shards - 1 do
  -- What is of another type is nobody's.
  local owner = redis.pcall('HGET', P .. 'shard:' .. shard, 'owner')
  if type(owner) == 'string' and has[owner] then has[owner] = has[owner] + 1 else nobodys = nobodys + 1 end
end
local list = {}
for i = 1, #leases, 2 do
  list[#list + 1], list[#list + 2] = string.match(leases[i + 1], '^(.*) %d+$') or '', tostring(has[leases[i]])
end
local follow = 0
for line in string.gmatch(redis.call('INFO', 'replication'), 'slave%d+:([^\r\n]+)') do
  local lag = tonumber(string.match(line, 'lag=(%-?%d+)') or '-1')
  if string.find(line, 'state=online', 1, true) and lag >= 0 and lag <= heard then follow = follow + 1 end
end
return { tostring(follow), tostring(nobodys), list }
