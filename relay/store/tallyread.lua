#!lua flags=allow-oom
-- tallyread: a month of what is kept for reports. (PFCOUNT counts as a write: it keeps what it found.)
-- ARGV: month, day from which on weeks begin that have a day in it, day before which they do
-- Answer: OK { field number ... } { set number ... } | WRONG key
local P = '{weir}:'
local INDEX = P .. 'tallies'
local function wrong(key, wanted)
  local has = redis.call('TYPE', key).ok
  return has ~= 'none' and has ~= wanted
end
local month = P .. 'tally:' .. ARGV[1]
if wrong(INDEX, 'zset') then return { 'WRONG', INDEX } end
if wrong(month, 'hash') then return { 'WRONG', month } end
local sets = {}
for _, name in ipairs(redis.call('ZRANGEBYLEX', INDEX, '[w' .. ARGV[2], '(w' .. ARGV[3])) do
  local key = P .. 'active:' .. string.sub(name, 2)
  if wrong(key, 'string') then return { 'WRONG', key } end
  sets[#sets + 1] = string.sub(name, 2)
  sets[#sets + 1] = redis.call('PFCOUNT', key)
end
return { 'OK', redis.call('HGETALL', month), sets }
