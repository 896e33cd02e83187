-- Shared by every script; put in front of each. All of a script happens at once, in Redis and in its AOF, so a
-- crash leaves either all or nothing of it. KEYS[1] is the prefix of our keys, KEYS[2] the name of the RQ queue.
--
-- Keys (below the prefix)
--   b:ID        hash    a batch: owner, total, created, deadline (ms), status, lane, reward, …
--   b:ID:s      hash    index -> sample, while it is not committed
--   b:ID:u      hash    unit key -> "index,index,…": the samples of this batch that wait for it
--   b:ID:n      hash    unit key -> spec, between storing and activating
--   b:ID:q      list    "score|wall_ms|key" still to be activated
--   b:ID:d      bitmap  committed indices
--   b:ID:r      list    results, JSON, in the order of finishing
--   b:ID:a      string  one line of account per result, for the summary
--   b:ID:h      hash    index -> what is known of a soft-gate sample whose group is not whole yet
--   units       hash    unit key -> "state|lane|score|losses|wall_ms|batch,batch,…"
--   specs       hash    unit key -> spec (code, limits, …)
--   leases      zset    unit key -> end of its lease (ms)
--   lane:L      zset    unit keys that wait, highest score first
--   lanes:OWNER zset    lane -> its place among the owner's: the least is served next (see `place_of`)
--   owners      zset    owner -> virtual time: seconds of service it had, by its share; the least is served next
--   waiting     set     owners that have lanes
--   cost:L      string  mean seconds per unit of a lane
--   outcomes    stream  what workers report and what else finishers must do
--   workers     zset    worker -> last sign of life (ms); w:ID its description
--   load        hash    owner -> samples admitted and not finished; those with none are not there
--   shares      hash    owner -> its weight, where that is not 1; while it has a load
--   admitting, activating, deadlines   zset   batch -> when the sweeper must look (ms)
--   i:OWNER:KEY hash    an idempotency key: batch, body
--   run:HASH    string  JSON: the last steps of a training run, in numbers
--
-- A unit is in one state, and every change of state is one script:
--   q            waits: it is in its lane, or parked (no waiter could start it now; a new waiter puts it back)
--   t:WORKER     taken: it is in `leases`
--   f:ENTRY      finished: its outcome is in that entry of `outcomes`, which is not acknowledged
-- A unit lives from its first waiter to the moment when no batch waits for it.
local NS = KEYS[1]
local call = redis.call
local STALE_MS = 5000

local function int(x) return string.format('%.0f', x) end

local function now()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function read_unit(text)
  local state, lane, score, losses, wall, batches = string.match(text, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$')
  return {state = state, lane = lane, score = score, losses = tonumber(losses), wall = tonumber(wall), batches = batches}
end

local function show_unit(u)
  return table.concat({u.state, u.lane, u.score, int(u.losses), int(u.wall), u.batches}, '|')
end

-- At maxmemory Redis refuses a script's first write if it may enlarge memory, and lets a script go on that has
-- written. Work under way must end, for that is what frees memory: its scripts begin with a write that cannot, of
-- their own or this one.
local function always() call('ZREM', NS .. 'leases', '') end

local function is_finished(u) return string.sub(u.state, 1, 2) == 'f:' end

local function batch_key(id) return NS .. 'b:' .. id end

local function each_batch(u) return string.gmatch(u.batches, '[^,]+') end

-- status and deadline of a batch, looked up once per script
local seen = {}
local function batch_of(id)
  if not seen[id] then
    local v = call('HMGET', batch_key(id), 'status', 'deadline')
    seen[id] = {alive = v[1] == 'queued' or v[1] == 'running', queued = v[1] == 'queued', deadline = tonumber(v[2] or 0)}
  end
  return seen[id]
end

-- the latest deadline among the batches that still want a unit; nil where none does
local function latest_deadline(u)
  local latest
  for id in each_batch(u) do
    local b = batch_of(id)
    if b.alive and (not latest or b.deadline > latest) then latest = b.deadline end
  end
  return latest
end

local function share_of(owner) return tonumber(call('HGET', NS .. 'shares', owner) or 1) end

-- `n` samples of an owner are finished or given up.
local function unload(owner, n)
  if call('HINCRBY', NS .. 'load', owner, -n) <= 0 then
    call('HDEL', NS .. 'load', owner)
    call('HDEL', NS .. 'shares', owner)
  end
end

-- Lanes of one owner are ordered by priority, then by virtual time: the seconds of service that the lane had.
local PRIORITY = 1e9
local function place_of(priority) return -tonumber(priority) * PRIORITY end

-- Put a lane among those served. A lane or an owner that was away starts at the least virtual time of those present,
-- so that nobody saves up turns.
local function join(lane, priority, owner)
  local lanes = NS .. 'lanes:' .. owner
  if call('ZSCORE', lanes, lane) then return end
  if call('SISMEMBER', NS .. 'waiting', owner) == 0 then
    local least
    for _, other in ipairs(call('SMEMBERS', NS .. 'waiting')) do
      local score = tonumber(call('ZSCORE', NS .. 'owners', other) or 0)
      if not least or score < least then least = score end
    end
    local own = tonumber(call('ZSCORE', NS .. 'owners', owner) or 0)
    call('ZADD', NS .. 'owners', math.max(own, least or 0), owner)
    call('SADD', NS .. 'waiting', owner)
  end
  local base = place_of(priority)
  local first = call('ZRANGEBYSCORE', lanes, base, base + PRIORITY - 1, 'WITHSCORES', 'LIMIT', 0, 1)
  call('ZADD', lanes, first[2] or base, lane)
end

-- Take an empty lane from those served.
local function part(lane, owner)
  call('ZREM', NS .. 'lanes:' .. owner, lane)
  if call('EXISTS', NS .. 'lanes:' .. owner) == 0 then call('SREM', NS .. 'waiting', owner) end
end

-- As many RQ tickets as workers can use. One that is queued is popped later than now, and whoever pops it then
-- drains every lane: so one ticket in the queue is enough for a unit not to be forgotten.
local function tickets(waiting)
  if waiting < 1 then return 0 end
  local queue = 'rq:queue:' .. KEYS[2]
  local alive = call('ZCOUNT', NS .. 'workers', int(now() - STALE_MS), '+inf')
  local want = math.min(math.max(alive, 1), waiting) - call('LLEN', queue)
  for _ = 1, want do
    local id = KEYS[2] .. '-' .. int(call('INCR', NS .. 'tickets'))
    call('HSET', 'rq:job:' .. id, 'data', '["proctor.jobs.ticket.drain", null, [], {}]', 'origin', KEYS[2],
      'status', 'queued', 'timeout', '2400', 'result_ttl', '0', 'failure_ttl', '60')
    call('EXPIRE', 'rq:job:' .. id, 86400)
    call('RPUSH', queue, id)
  end
  return math.max(want, 0)
end

-- Put units back in their lanes; `lost` of them counts a loss. Returns how many wait in those lanes.
local function requeue(units, lost)
  local lanes, changed = {}, {}
  for key, u in pairs(units) do
    u.state = 'q'
    u.losses = u.losses + lost
    if lanes[u.lane] == nil then lanes[u.lane] = {batch = string.match(u.batches, '[^,]+'), members = {}} end
    -- a suspect goes to the head of its lane, to be taken alone
    table.insert(lanes[u.lane].members, u.losses > 0 and '+inf' or u.score)
    table.insert(lanes[u.lane].members, key)
    table.insert(changed, key)
    table.insert(changed, show_unit(u))
  end
  if #changed == 0 then return 0 end
  call('HSET', NS .. 'units', unpack(changed))
  local waiting = 0
  for lane, l in pairs(lanes) do
    local v = l.batch and call('HMGET', batch_key(l.batch), 'priority', 'owner') or {}
    call('ZADD', NS .. 'lane:' .. lane, unpack(l.members))
    join(lane, v[1] or '0', v[2] or '')
    waiting = waiting + #l.members / 2
  end
  return waiting
end

-- Activate up to `count` units of an open batch: fold them into those under way, or put them in the batch's lane.
-- Popping and folding are one step, so whoever goes on after a crash neither forgets nor repeats one.
local function activate(id, count)
  local b = batch_key(id)
  local v = call('HMGET', b, 'status', 'lane', 'priority', 'owner')
  local alive = v[1] == 'queued' or v[1] == 'running'
  local items = alive and call('LPOP', b .. ':q', count) or nil
  if not items then
    call('ZREM', NS .. 'activating', id)
    call('UNLINK', b .. ':q', b .. ':n')
    return 0
  end
  local keys, at = {}, {}
  for i, item in ipairs(items) do
    local score, wall, key = string.match(item, '^([^|]*)|([^|]*)|(.*)$')
    keys[i], at[i] = key, {score = score, wall = wall}
  end
  local staged = call('HMGET', b .. ':n', unpack(keys))
  local there = call('HMGET', NS .. 'units', unpack(keys))
  local units, specs, lane, others = {}, {}, {}, {}
  for i, key in ipairs(keys) do
    if there[i] then
      local u = read_unit(there[i])
      u.batches = u.batches == '' and id or (u.batches .. ',' .. id)
      if u.state == 'q' then others[key] = u end
      -- its entry may be in hand for long, waiting for the thinking model: have this batch served beside
      if is_finished(u) then
        call('XADD', NS .. 'outcomes', '*', 'op', 'joined', 'batch', id, 'key', key, 'entry', string.sub(u.state, 3))
      end
      table.insert(units, key)
      table.insert(units, show_unit(u))
    else
      table.insert(units, key)
      table.insert(units, table.concat({'q', v[2], at[i].score, '0', at[i].wall, id}, '|'))
      table.insert(specs, key)
      table.insert(specs, staged[i])
      table.insert(lane, at[i].score)
      table.insert(lane, key)
    end
  end
  call('HSET', NS .. 'units', unpack(units))
  call('HDEL', b .. ':n', unpack(keys))
  local waiting = requeue(others, 0)
  if #lane > 0 then
    call('HSET', NS .. 'specs', unpack(specs))
    call('ZADD', NS .. 'lane:' .. v[2], unpack(lane))
    join(v[2], v[3], v[4])
    waiting = waiting + #lane / 2
  end
  tickets(waiting)
  local left = call('LLEN', b .. ':q')
  if left == 0 then call('ZREM', NS .. 'activating', id) end
  return left
end

-- Have test sets, the keys from `ARGV[first]` on, live for `ttl` seconds more at least. Returns the places of those that
-- are not there, counted from 1.
local function keep(first, ttl)
  local missing = {}
  for i = first, #ARGV do
    local left = call('TTL', ARGV[i])
    if left == -2 then table.insert(missing, i - first + 1) end
    if left >= 0 and left < ttl then call('EXPIRE', ARGV[i], int(ttl)) end
  end
  return missing
end

-- Forget a batch that was never opened.
local function drop(id)
  local b = batch_key(id)
  local v = call('HMGET', b, 'owner', 'total', 'idem')
  call('UNLINK', b, b .. ':s', b .. ':u', b .. ':n', b .. ':q')
  if v[1] then unload(v[1], tonumber(v[2])) end
  if v[3] and v[3] ~= '' and call('HGET', v[3], 'batch') == id then call('DEL', v[3]) end
  call('ZREM', NS .. 'admitting', id)
end

-- Close a batch whose samples are all committed: `done` results, head `v` (status, idem).
local function close(id, done, v, summary, provenance, ttl)
  local b = batch_key(id)
  call('HSET', b, 'closed', '1', 'status', v[1] == 'cancelled' and 'cancelled' or 'done', 'summary', summary,
    'provenance', provenance)
  call('EXPIRE', b, ttl)
  call('EXPIRE', b .. ':r', ttl)
  if v[2] and v[2] ~= '' then call('EXPIRE', v[2], ttl) end
  call('UNLINK', b .. ':s', b .. ':u', b .. ':n', b .. ':q', b .. ':d', b .. ':a', b .. ':h')
  call('ZREM', NS .. 'deadlines', id)
  call('ZREM', NS .. 'activating', id)
  call('PUBLISH', NS .. 'news', id .. ' ' .. int(done) .. ' 1')
end

-- Take a batch from a unit's waiters; true where nobody waits any more.
local function leave(u, id)
  local rest = {}
  for other in each_batch(u) do
    if other ~= id then table.insert(rest, other) end
  end
  u.batches = table.concat(rest, ',')
  return #rest == 0
end
