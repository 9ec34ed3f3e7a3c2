#!lua flags=no-writes,allow-oom
-- where: where an object went that was neither deleted nor recalled since.
-- ARGV: hash (of `obj`)
-- Answer: owner (its host), zones; '' and '' where there is none
local P = '{weir}:'
--: objects

local object = record(ARGV[1])
if not object.live or object.recalled then return { '', '' } end
return { object.owner or '', object.aud or '' }
