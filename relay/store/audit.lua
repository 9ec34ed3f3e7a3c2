#!lua flags=allow-oom
-- audit: a line of the audit log about what is no one change of ours: what is about to be done elsewhere, or what
-- came of it.
-- ARGV: epoch ('' = whatever it is: for whoever is alone), the line (see audit.part)
-- Answer: OK n | WRONG key (it can't be written there) | NONE (there is no journal to write it beside) | EPOCH
local P = '{weir}:'
--: audit
local epoch = redis.call('HGET', P .. 'log', 'epoch')
if ARGV[1] ~= '' and ARGV[1] ~= epoch then return { 'EPOCH' } end
if not epoch then return { 'NONE' } end
if audit_spoiled() then return { 'WRONG', AUDIT } end
return { 'OK', audit(epoch, ARGV[2]) }
