#!lua flags=no-writes,allow-oom
-- page: a stretch of the journal behind a number, with what was marked on its entries since, and the facts
-- that say whether it is whole.
-- ARGV: lanes (N, U, or NU: both, in the order of their numbers), after, count
-- Answer: n, floor of N, floor of U, { entries }, { mark of each (nil: none) }
local P = '{weir}:'
local lanes, after, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local log = redis.call('HMGET', P .. 'log', 'n', 'floor', 'floorU', 'epoch')
-- Ids are epoch-n. The epoch of the first entry behind `after` is the oldest one that reached past it.
local epoch = log[4]
local epochs = redis.call('HGETALL', P .. 'epochs')
for i = 1, #epochs, 2 do
  if tonumber(epochs[i + 1]) > after and tonumber(epochs[i]) < tonumber(epoch) then epoch = epochs[i] end
end

local function read(lane)
  return redis.call('XRANGE', P .. lane, epoch .. '-' .. string.format('%d', after + 1), '+', 'COUNT', count)
end
local function number(entry) return tonumber(string.match(entry[1], '%-(%d+)$')) end
local function merge(a, b)
  local out, i, k = {}, 1, 1
  while #out < count and (a[i] or b[k]) do
    if not b[k] or (a[i] and number(a[i]) < number(b[k])) then
      out[#out + 1], i = a[i], i + 1
    else
      out[#out + 1], k = b[k], k + 1
    end
  end
  return out
end
local entries = lanes == 'NU' and merge(read('N'), read('U')) or read(lanes)

local marks, numbers = {}, {}
for i, entry in ipairs(entries) do numbers[i] = string.match(entry[1], '%-(%d+)$') end
if #numbers > 0 then marks = redis.call('HMGET', P .. 'marks', unpack(numbers)) end
-- What an actor posted that is gone was taken back with it.
local gone = redis.call('EXISTS', P .. 'gone') == 1
for i, entry in ipairs(gone and entries or {}) do
  for k = 1, #entry[2], 2 do
    local by = entry[2][k] == 'ac' and redis.call('HGET', P .. 'gone', entry[2][k + 1])
    if by and number(entry) < tonumber(by) and string.sub(marks[i] or '', 1, 1) ~= 'r' then marks[i] = 'r' .. by end
  end
end
-- An Update that a later one replaces may have had to go from what is known of its object; then what takes that
-- back does not name it.
local function taken(entry)
  local object = ''
  for k = 1, #entry[2], 2 do
    if entry[2][k] == 'ob' then object = string.match(entry[2][k + 1], '^%S+') end
  end
  local known = redis.pcall('HGET', P .. 'obj:' .. object, 'e')
  for n, kind in string.gmatch(type(known) == 'string' and known or '', '(%d+)(%S*)') do
    if kind == 'd' and tonumber(n) > number(entry) then return 'r' .. n end
  end
end
for i, entry in ipairs(entries) do
  local mark = marks[i]
  if mark and string.sub(mark, 1, 1) ~= 'r' and string.find(';' .. mark, ';s', 1, true) then
    marks[i] = taken(entry) or mark
  end
end
-- Whose author wanted nothing to be relayed later on, by the first time that was said behind it.
local out = redis.call('EXISTS', P .. 'out') == 1
for i, entry in ipairs(out and entries or {}) do
  local by, normal
  for k = 1, #entry[2], 2 do
    normal = normal or (entry[2][k] == 'k' and entry[2][k + 1] == 'e')
    local said = (entry[2][k] == 'ac' or entry[2][k] == 'au') and redis.call('HGET', P .. 'out', entry[2][k + 1])
    for n in string.gmatch(said or '', '%d+') do
      if tonumber(n) > number(entry) and (not by or tonumber(n) < tonumber(by)) then by = n end
    end
  end
  if by and normal then marks[i] = (marks[i] and marks[i] .. ';' or '') .. 'q' .. by end
end
return { log[1], log[2] or '0', log[3] or '0', entries, marks }
