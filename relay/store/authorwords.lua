#!lua flags=no-writes,allow-oom
-- authorwords: what the registry says of some actors.
-- ARGV: actors, with blanks between
-- Answer: a word for each, see author.part
local P = '{weir}:'
--: author

return author_words(ARGV[1])
