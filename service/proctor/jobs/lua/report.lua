-- A worker reports outcomes. The first outcome of a unit counts, whoever brings it: one whose lease ran out while
-- Redis or the worker was away is as good as any. A unit that is gone (cancelled) or finished is left alone. From
-- here to the acknowledgement by a finisher the unit is finished: who admits it again meanwhile joins its waiters
-- and gets this outcome (settle.lua looks again before it lets go).
-- ARGV: worker's image and tier (JSON), then (key, seconds, outcome)… Returns the number accepted.
local keys = {}
for i = 2, #ARGV, 3 do table.insert(keys, ARGV[i]) end
local texts = call('HMGET', NS .. 'units', unpack(keys))
local accepted, changed, gone, entry, spent = {}, {}, {}, {'by', ARGV[1]}, {}
for i, key in ipairs(keys) do
  local u = texts[i] and read_unit(texts[i])
  if u and not is_finished(u) then
    if u.state == 'q' then call('ZREM', NS .. 'lane:' .. u.lane, key) end
    table.insert(accepted, u)
    table.insert(gone, key)
    table.insert(entry, key)
    table.insert(entry, ARGV[3 * i + 1])
    local s = spent[u.lane] or {0, 0}
    spent[u.lane] = {s[1] + tonumber(ARGV[3 * i]), s[2] + 1}
  end
end
if #gone == 0 then return 0 end
call('ZREM', NS .. 'leases', unpack(gone))
local id = call('XADD', NS .. 'outcomes', '*', unpack(entry))
for i, u in ipairs(accepted) do
  u.state = 'f:' .. id
  table.insert(changed, gone[i])
  table.insert(changed, show_unit(u))
end
call('HSET', NS .. 'units', unpack(changed))
for lane, s in pairs(spent) do
  local mean = tonumber(call('GET', NS .. 'cost:' .. lane) or s[1] / s[2])
  local weight = math.min(s[2] / 20, 1)
  call('SET', NS .. 'cost:' .. lane, string.format('%.6f', mean + (s[1] / s[2] - mean) * weight), 'EX', 3600)
end
return #gone
