-- Keep test sets for a batch: none of them expires before it has ended, whichever batch brought it.
-- ARGV: ttl s, keys… Returns the places, counted from 1, of those keys that are not there.
return keep(2, tonumber(ARGV[1]))
