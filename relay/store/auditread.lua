#!lua flags=no-writes,allow-oom
-- auditread: a stretch of the audit log, and what `log` says of its newest line, and of the
-- configuration that was in force last.
-- ARGV: lines behind this number ('' = the newest), how many
-- Answer: OK number hash config line line ... (in their order) | WRONG key
local P = '{weir}:'
local AUDIT = P .. 'audit'
local has = redis.call('TYPE', AUDIT).ok
if has ~= 'none' and has ~= 'stream' then return { 'WRONG', AUDIT } end
local log = redis.call('HMGET', P .. 'log', 'audit', 'audithead', 'config')
local answer = { 'OK', log[1] or '0', log[2] or '', log[3] or '' }
local lines
if ARGV[1] ~= '' then
  lines = redis.call('XRANGE', AUDIT, '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])
else
  local newest = redis.call('XREVRANGE', AUDIT, '+', '-', 'COUNT', ARGV[2])
  lines = {}
  for i = #newest, 1, -1 do lines[#lines + 1] = newest[i] end
end
for _, line in ipairs(lines) do answer[#answer + 1] = line[2][2] end
return answer
