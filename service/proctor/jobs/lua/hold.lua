-- Keep what is known of soft-gate samples until their group is whole. What came first stays.
-- ARGV: batch, "index,…" of the whole group, (index, what is known)… Returns all of the group, or nothing yet.
always()
local b = batch_key(ARGV[1])
local v = call('HMGET', b, 'owner', 'closed')
if not v[1] or v[2] then return {} end
for i = 3, #ARGV, 2 do call('HSETNX', b .. ':h', ARGV[i], ARGV[i + 1]) end
local indices = {}
for index in string.gmatch(ARGV[2], '[^,]+') do table.insert(indices, index) end
local held = call('HMGET', b .. ':h', unpack(indices))
for i = 1, #indices do
  if not held[i] then return {} end
end
return held
