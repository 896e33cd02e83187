-- What time brings about, harmless to run in parallel (and pointless: it happens at most every 0.4 s): units whose lease ended go back to their lanes, tickets are
-- topped up, half-admitted batches are dropped, half-activated ones go on, batches past a deadline are handed to
-- the finisher. ARGV: most at a time. Returns {requeued, dropped, tickets, deadlines}
always()
if not call('SET', NS .. 'swept', '1', 'PX', 400, 'NX') then return {0, 0, 0, 0} end
local most = tonumber(ARGV[1])
local t = now()
local lost = call('ZRANGEBYSCORE', NS .. 'leases', 0, int(t), 'LIMIT', 0, most)
if #lost > 0 then
  call('ZREM', NS .. 'leases', unpack(lost))
  local texts, back = call('HMGET', NS .. 'units', unpack(lost)), {}
  for i, key in ipairs(lost) do
    local u = texts[i] and read_unit(texts[i])
    if u and string.sub(u.state, 1, 2) == 't:' then back[key] = u end
  end
  requeue(back, 1)
end
local stale = call('ZRANGEBYSCORE', NS .. 'admitting', 0, int(t), 'LIMIT', 0, 16)
for _, id in ipairs(stale) do
  if call('HGET', batch_key(id), 'status') == 'admitting' then drop(id) end
  call('ZREM', NS .. 'admitting', id)
end
local stuck = call('ZRANGEBYSCORE', NS .. 'activating', 0, int(t), 'LIMIT', 0, 4)
for _, id in ipairs(stuck) do activate(id, most) end
local due = call('ZRANGEBYSCORE', NS .. 'deadlines', 0, int(t), 'LIMIT', 0, 64)
for _, id in ipairs(due) do
  if call('EXISTS', batch_key(id)) == 1 then
    call('ZADD', NS .. 'deadlines', int(t + 1000), id)
    call('XADD', NS .. 'outcomes', '*', 'op', 'deadline', 'batch', id)
  else
    call('ZREM', NS .. 'deadlines', id)
  end
end
call('ZREMRANGEBYSCORE', NS .. 'workers', 0, int(t - 12 * STALE_MS))
local waiting = 0
for _, owner in ipairs(call('SMEMBERS', NS .. 'waiting')) do
  for _, lane in ipairs(call('ZRANGE', NS .. 'lanes:' .. owner, 0, 15)) do
    local card = call('ZCARD', NS .. 'lane:' .. lane)
    if card == 0 then part(lane, owner) end
    waiting = waiting + card
  end
end
if call('EXISTS', NS .. 'waiting') == 0 then call('UNLINK', NS .. 'owners') end -- nobody to be fair to
-- Workers that drain need no ticket, so one is enough unless units came back; workers begin by draining, without one.
return {#lost, #stale, tickets(#lost > 0 and waiting or math.min(waiting, 1)), #due}
