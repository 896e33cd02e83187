-- A worker's sign of life: renew its leases. A unit that is no longer this worker's, or that no live batch wants, is
-- named in the answer; the worker kills it.
-- ARGV: worker, lease ms, description ('' where it has no sandbox), keys… Returns the unwanted keys.
always()
local worker, lease = ARGV[1], tonumber(ARGV[2])
local t = now()
if ARGV[3] ~= '' then
  call('SET', NS .. 'w:' .. worker, ARGV[3], 'PX', STALE_MS)
  call('ZADD', NS .. 'workers', int(t), worker)
end
if #ARGV == 3 then return {} end
local texts = call('HMGET', NS .. 'units', unpack(ARGV, 4))
local unwanted, renewed = {}, {}
for i = 4, #ARGV do
  local u = texts[i - 3] and read_unit(texts[i - 3])
  if u and u.state == 't:' .. worker and latest_deadline(u) then
    table.insert(renewed, int(t + lease))
    table.insert(renewed, ARGV[i])
  else
    table.insert(unwanted, ARGV[i])
  end
end
if #renewed > 0 then call('ZADD', NS .. 'leases', 'XX', unpack(renewed)) end
return unwanted
