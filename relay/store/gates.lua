#!lua flags=no-writes,allow-oom
-- gates: what is frozen now, for who sends.
-- Answer: OK n (the line that changed it last; 0: none did) gates | WRONG key
local P = '{weir}:'
local FREEZES = P .. 'freezes'
local has = redis.call('TYPE', FREEZES).ok
if has ~= 'none' and has ~= 'hash' then return { 'WRONG', FREEZES } end

--: gate
return { 'OK', redis.call('HGET', P .. 'log', 'gatesn') or '0', gates() }
