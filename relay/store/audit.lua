#!lua flags=allow-oom
-- audit: a line of the audit log about what is no one change of ours: what is about to be done elsewhere, or what
-- came of it.
-- ARGV: epoch ('' = whatever it is: for whoever is alone), the line (see audit.part; '' = none), digest of the
--   configuration that is in force from now on, which is remembered (may be left out, or '' = the one before)
-- Answer: OK n (0: no line was wanted) | WRONG key (it can't be written there) | NONE (there is no journal to write it beside) | EPOCH
local P = '{weir}:'
--: audit
local epoch = redis.call('HGET', P .. 'log', 'epoch')
if ARGV[1] ~= '' and ARGV[1] ~= epoch then return { 'EPOCH' } end
if not epoch then return { 'NONE' } end
if audit_spoiled() then return { 'WRONG', AUDIT } end

if ARGV[3] and ARGV[3] ~= '' then redis.call('HSET', P .. 'log', 'config', ARGV[3]) end
if ARGV[2] == '' then return { 'OK', '0' } end
return { 'OK', audit(epoch, ARGV[2]) }
