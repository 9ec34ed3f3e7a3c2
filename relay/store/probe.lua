#!lua flags=no-writes,allow-oom
-- probe: which keys that could not be read still can't, since they are of another type than they should be.
-- ARGV: words with one argument each: S shard | H host (its member's record)
-- Answer: those words and arguments that are still so
local P = '{weir}:'
--: shards
local answer = {}
for i = 1, #ARGV, 2 do
  local still
  if ARGV[i] == 'S' then
    still = wrong(ARGV[i + 1])
  else
    local has = redis.call('TYPE', P .. 'member:' .. ARGV[i + 1]).ok
    still = has ~= 'none' and has ~= 'hash'
  end
  if still then
    answer[#answer + 1] = ARGV[i]
    answer[#answer + 1] = ARGV[i + 1]
  end
end
return answer
