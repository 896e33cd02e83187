-- Take units under a lease: fair across owners, within an owner by priority and then fair across runs, within a lane
-- the highest score first. Fair means sandbox time in proportion to the owners' shares, and equal among the runs of
-- one: a lane pays its mean seconds per unit for each.
-- Fewer as the backlog shrinks, so that workers end together: half of an even share, but not less than some tens of
-- milliseconds of work, nor more than about `slice` seconds.
-- A unit that was lost before is taken alone. A unit that nobody can still start is parked: it leaves its lane but
-- stays a unit, until the sweep of deadlines (or of the cancelled batch) ends its samples, or a new waiter comes.
-- ARGV: worker, most, lease ms, slice s. Returns {now ms, units left waiting, (key, losses, deadline ms, spec)…}
local worker, most, lease, slice = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local LANES = 64
local LEAST = 0.08
local t = now()

-- The lanes that come next, of every owner that waits, so that nobody's many lanes hide another's.
local function lanes_now()
  local lanes, owners, waiting = {}, {}, 0
  local names = call('SMEMBERS', NS .. 'waiting')
  local each = math.max(2, math.floor(LANES / math.max(#names, 1)))
  local costkeys = {}
  for _, owner in ipairs(names) do
    local flat = call('ZRANGE', NS .. 'lanes:' .. owner, 0, each - 1, 'WITHSCORES')
    for i = 1, #flat, 2 do
      table.insert(lanes, {name = flat[i], owner = owner, at = tonumber(flat[i + 1]), want = 0})
      table.insert(costkeys, NS .. 'cost:' .. flat[i])
    end
  end
  if #lanes == 0 then return lanes, owners, 0 end
  local several = #lanes > 1
  local costs = call('MGET', unpack(costkeys))
  for i, lane in ipairs(lanes) do
    lane.cost = math.max(tonumber(costs[i] or 0.05), 0.001)
    lane.card = call('ZCARD', NS .. 'lane:' .. lane.name)
    waiting = waiting + lane.card
    if not owners[lane.owner] then
      owners[lane.owner] = {
        vt = several and tonumber(call('ZSCORE', NS .. 'owners', lane.owner) or 0) or 0,
        share = several and share_of(lane.owner) or 1,
      }
    end
  end
  return lanes, owners, waiting
end

local function better(a, b, owners)
  local ao, bo = owners[a.owner].vt, owners[b.owner].vt
  if a.owner ~= b.owner then
    if ao ~= bo then return ao < bo end
    return a.owner < b.owner
  end
  return a.at < b.at
end

-- How many of each lane, in the order of first choice.
local function choose(lanes, owners, count)
  local order, seconds, chosen = {}, 0, 0
  while chosen < count and (chosen == 0 or seconds < slice) do
    local best
    for _, lane in ipairs(lanes) do
      if lane.want < lane.card and (not best or better(lane, best, owners)) then best = lane end
    end
    if not best then break end
    if best.want == 0 then table.insert(order, best) end
    best.want = best.want + 1
    best.at = best.at + best.cost
    owners[best.owner].vt = owners[best.owner].vt + best.cost / owners[best.owner].share
    seconds = seconds + best.cost
    chosen = chosen + 1
  end
  return order
end

local reply, taken, waiting = {}, 0, 0
for _ = 1, 50 do
  local lanes, owners
  lanes, owners, waiting = lanes_now()
  if #lanes == 0 then break end
  local alive = math.max(call('ZCOUNT', NS .. 'workers', int(t - STALE_MS), '+inf'), 1)
  local dearest = 0.001
  for _, lane in ipairs(lanes) do dearest = math.max(dearest, lane.cost) end
  local least = math.min(math.ceil(waiting / alive), math.floor(LEAST / dearest))
  local order = choose(lanes, owners, math.max(1, math.min(most, math.max(math.ceil(waiting / (2 * alive)), least))))
  local keys, lane_of, paid = {}, {}, {}
  for _, lane in ipairs(lanes) do
    if lane.card == 0 then table.insert(order, lane) end
  end
  for _, lane in ipairs(order) do
    local popped = lane.want > 0 and call('ZPOPMAX', NS .. 'lane:' .. lane.name, lane.want) or {}
    for i = 1, #popped, 2 do table.insert(keys, popped[i]) end
    if #popped / 2 >= lane.card then
      part(lane.name, lane.owner)
    elseif #lanes > 1 then -- a lane that is alone has nobody to be fair to
      call('ZADD', NS .. 'lanes:' .. lane.owner, lane.at, lane.name)
    end
    if lane.want > 0 and #lanes > 1 then paid[lane.owner] = true end
  end
  for owner in pairs(paid) do call('ZADD', NS .. 'owners', owners[owner].vt, owner) end
  waiting = waiting - #keys
  if #keys > 0 then
    local texts = call('HMGET', NS .. 'units', unpack(keys))
    local mine, changed, back, alone = {}, {}, {}, false
    for i, key in ipairs(keys) do
      local u = texts[i] and read_unit(texts[i])
      if u and u.state == 'q' then
        local latest = latest_deadline(u)
        if latest and latest - u.wall >= t then
          if alone or (u.losses > 0 and #mine > 0) then
            back[key] = u
          else
            alone = u.losses > 0
            u.state = 't:' .. worker
            table.insert(mine, {key, u, latest})
            table.insert(changed, key)
            table.insert(changed, show_unit(u))
          end
        end
      end
    end
    waiting = waiting + requeue(back, 0)
    if #mine > 0 then
      local till, leases, names = int(t + lease), {}, {}
      for i, m in ipairs(mine) do
        table.insert(leases, till)
        table.insert(leases, m[1])
        names[i] = m[1]
        for id in each_batch(m[2]) do
          local b = batch_of(id)
          if b.queued then
            b.queued = false
            call('HSET', batch_key(id), 'status', 'running')
          end
        end
      end
      call('HSET', NS .. 'units', unpack(changed))
      call('ZADD', NS .. 'leases', unpack(leases))
      local specs = call('HMGET', NS .. 'specs', unpack(names))
      reply = {int(t), int(waiting)}
      for i, m in ipairs(mine) do
        table.insert(reply, m[1])
        table.insert(reply, int(m[2].losses))
        table.insert(reply, int(m[3]))
        table.insert(reply, specs[i])
      end
      return reply
    end
  end
end
return {int(t), int(waiting)}
