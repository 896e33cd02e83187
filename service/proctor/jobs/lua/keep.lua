-- Keep test sets for a batch: none of them expires before it has ended, whichever batch brought it.
-- ARGV: ttl s, keys… Returns for each key whether it is there.
local ttl, there = tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  local left = call('TTL', ARGV[i])
  there[i - 1] = left == -2 and 0 or 1
  if left >= 0 and left < ttl then call('EXPIRE', ARGV[i], ARGV[1]) end
end
return there
