-- Let go of an entry of `outcomes` whose samples are committed. In one step: take the batches that were served from
-- the units' waiters, and only if nobody waits any more forget the units and acknowledge the entry. A batch that
-- was admitted meanwhile is thus either seen here and served next, or finds the unit gone and runs it anew.
-- A unit that is not finished belongs to a later life and is left alone.
-- ARGV: group, entry, (key, "batch,batch,…" that were served)… Returns 1 if the entry is acknowledged, else 0.
local keys = {}
for i = 3, #ARGV, 2 do table.insert(keys, ARGV[i]) end
local gone, changed = {}, {}
if #keys > 0 then
  local texts = call('HMGET', NS .. 'units', unpack(keys))
  for i, key in ipairs(keys) do
    local u = texts[i] and read_unit(texts[i])
    if u and is_finished(u) then
      local before = u.batches
      for id in string.gmatch(ARGV[2 * i + 2], '[^,]+') do leave(u, id) end
      if u.batches == '' then
        table.insert(gone, key)
      else
        table.insert(changed, key)
        table.insert(changed, show_unit(u))
      end
    end
  end
end
if #gone > 0 then
  call('HDEL', NS .. 'units', unpack(gone))
  call('HDEL', NS .. 'specs', unpack(gone))
end
if #changed > 0 then
  always()
  call('HSET', NS .. 'units', unpack(changed))
  return 0
end
call('XACK', NS .. 'outcomes', ARGV[1], ARGV[2])
call('XDEL', NS .. 'outcomes', ARGV[2])
return 1
