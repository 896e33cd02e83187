-- Begin to admit a batch: settle its idempotency key, reserve room in the queue, make it known as `admitting`.
-- Two parallel POSTs with one key: the first makes the batch, the second is told of it, or to wait while it is
-- admitted. An API process that died in between lets its grace run out; the resend then drops what it left.
-- ARGV: batch, owner, samples, bound of the queue, idempotency key ('' none), body hash, grace ms, ttl s,
--       seconds to the deadline, share of the owner, then fields and values of the batch
-- The queue: an owner that is alone may fill it. While others wait, each may fill its fair part of it, in proportion
-- to the shares of those who wait; who is below that gets in although another has filled the queue, so that nobody
-- can be kept out. All together fill it twice at most. A batch of an owner that has nothing here is not too large.
local id, owner, n, bound = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local idem, body, grace, ttl = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local t = now()
local idemkey = ''
if idem ~= '' then
  idemkey = NS .. 'i:' .. owner .. ':' .. idem
  local v = call('HMGET', idemkey, 'batch', 'body')
  if v[1] and v[1] ~= id then
    local status = call('HGET', batch_key(v[1]), 'status')
    if status == 'admitting' then
      local till = call('ZSCORE', NS .. 'admitting', v[1])
      if till and tonumber(till) > t then
        if v[2] ~= body then return {'clash'} end
        return {'admitting', v[1]}
      end
      drop(v[1])
    elseif status then
      if v[2] ~= body then return {'clash'} end
      return {'known', v[1]}
    end
  end
end
if call('HGET', batch_key(id), 'status') then return {'begun'} end
local share = tonumber(ARGV[10])
local total, mine, weights = 0, 0, share
local load = call('HGETALL', NS .. 'load')
for i = 1, #load, 2 do
  local theirs = tonumber(load[i + 1])
  total = total + theirs
  if load[i] == owner then mine = theirs elseif theirs > 0 then weights = weights + share_of(load[i]) end
end
local over = 0
if total == mine then
  if mine > 0 then over = mine + n - bound end
else
  over = total + n - 2 * bound
  if mine > 0 then over = math.max(over, mine + n - bound * share / weights) end
end
if over > 0 then
  local alive = call('ZCOUNT', NS .. 'workers', int(t - STALE_MS), '+inf')
  local lane
  for i = 11, #ARGV, 2 do
    if ARGV[i] == 'lane' then lane = ARGV[i + 1] end
  end
  local cost = call('GET', NS .. 'cost:' .. lane) or '0.1'
  return {'overloaded', int(math.ceil(over)), cost, string.format('%.6f', alive * share / weights)}
end
call('HINCRBY', NS .. 'load', owner, n)
if share ~= share_of(owner) then call('HSET', NS .. 'shares', owner, ARGV[10]) end
if idemkey ~= '' then
  call('HSET', idemkey, 'batch', id, 'body', body)
  call('EXPIRE', idemkey, ttl)
end
call('HSET', batch_key(id), 'status', 'admitting', 'owner', owner, 'total', int(n), 'created', int(t),
  'deadline', int(t + tonumber(ARGV[9]) * 1000), 'idem', idemkey, unpack(ARGV, 11))
call('ZADD', NS .. 'admitting', int(t + grace), id)
return {'begun'}
