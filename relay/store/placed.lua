#!lua flags=no-writes,allow-oom
-- placed: into which zones operators put these hosts. Of a record only its beginning is looked at, as member_write()
-- writes it: inside a text a quote has a backslash before it, so nobody can put another beginning there.
-- ARGV: hosts
-- Answer: a zone for each, '' where nobody put it anywhere, or it left
local P = '{weir}:'
local BEGINNING = '^{"host":"[^"]*","state":"(%a+)","zone":"([^"]*)","placed":(%a+)'

local zones = {}
for i = 1, #ARGV do
  local m = redis.call('HGET', P .. 'member:' .. ARGV[i], 'm')
  local state, zone, placed = string.match(m or '', BEGINNING)
  zones[i] = placed == 'true' and state ~= 'left' and zone or ''
end
return zones
