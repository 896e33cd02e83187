-- Which samples of a batch may be ended without an outcome, and take the batch from their units.
-- With "queued": only those whose unit waits or is not there for this batch (it never ran, or was lost); a unit that
-- runs or is finished will bring its outcome. With "all" (cancelled): every one; what runs for nobody else is
-- forgotten, and the worker's next renewal is told so.
-- ARGV: batch, "queued"|"all", keys… Returns (key, losses)… of those whose samples may be ended.
local id, all = ARGV[1], ARGV[2] == 'all'
local texts = call('HMGET', NS .. 'units', unpack(ARGV, 3))
local free, gone, changed = {}, {}, {}
for i = 3, #ARGV do
  local key, u = ARGV[i], texts[i - 2] and read_unit(texts[i - 2])
  local waits = false
  if u then
    for other in each_batch(u) do waits = waits or other == id end
  end
  if not waits then
    table.insert(free, key)
    table.insert(free, '0')
  elseif u.state == 'q' or all then
    local state = u.state
    table.insert(free, key)
    table.insert(free, int(u.losses))
    if leave(u, id) and not is_finished(u) then
      if state == 'q' then call('ZREM', NS .. 'lane:' .. u.lane, key) end
      table.insert(gone, key)
    else
      table.insert(changed, key)
      table.insert(changed, show_unit(u))
    end
  end
end
if #gone > 0 then
  call('HDEL', NS .. 'units', unpack(gone))
  call('HDEL', NS .. 'specs', unpack(gone))
  call('ZREM', NS .. 'leases', unpack(gone))
end
if #gone == 0 then always() end
if #changed > 0 then call('HSET', NS .. 'units', unpack(changed)) end
return free
