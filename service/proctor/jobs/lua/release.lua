-- A worker gives units back: unstarted ones (lost 0), or one whose sandbox was lost (lost 1).
-- ARGV: worker, lost, keys… Returns how many were put back.
local keys, back, n = {}, {}, 0
for i = 3, #ARGV do keys[i - 2] = ARGV[i] end
local texts = call('HMGET', NS .. 'units', unpack(keys))
for i, key in ipairs(keys) do
  local u = texts[i] and read_unit(texts[i])
  if u and u.state == 't:' .. ARGV[1] then
    back[key] = u
    n = n + 1
  end
end
if n == 0 then return 0 end
call('ZREM', NS .. 'leases', unpack(keys))
tickets(requeue(back, tonumber(ARGV[2])))
return n
