#!lua flags=allow-oom
-- proposals: what lists of others name is put in, or taken out.
-- ARGV: epoch, how many there may be, what to write in the audit log ('' = nothing), then for each host record
--   ('' = take it out)
-- Answer: OK added replaced dropped | FULL | WRONG key | EPOCH
local P = '{weir}:'
local PROPOSALS = P .. 'proposals'
local epoch, most, note = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if redis.call('HGET', P .. 'log', 'epoch') ~= epoch then return { 'EPOCH' } end

--: audit
local has = redis.call('TYPE', PROPOSALS).ok
if has ~= 'none' and has ~= 'hash' then return { 'WRONG', PROPOSALS } end
if note ~= '' and audit_spoiled() then return { 'WRONG', AUDIT } end
local new = 0
for at = 4, #ARGV, 2 do
  if ARGV[at + 1] ~= '' and redis.call('HEXISTS', PROPOSALS, ARGV[at]) == 0 then new = new + 1 end
end
if new > 0 and redis.call('HLEN', PROPOSALS) + new > most then return { 'FULL' } end

-- From here on, only writes.
local added, replaced, dropped = 0, 0, 0
for at = 4, #ARGV, 2 do
  if ARGV[at + 1] == '' then
    dropped = dropped + redis.call('HDEL', PROPOSALS, ARGV[at])
  elseif redis.call('HSET', PROPOSALS, ARGV[at], ARGV[at + 1]) == 1 then
    added = added + 1
  else
    replaced = replaced + 1
  end
end
if note ~= '' then audit(epoch, note) end
return { 'OK', added, replaced, dropped }
