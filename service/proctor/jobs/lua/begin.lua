-- Begin to admit a batch: settle its idempotency key, reserve room in the queue, make it known as `admitting`.
-- Two parallel POSTs with one key: the first makes the batch, the second is told of it, or to wait while it is
-- admitted. An API process that died in between lets its grace run out; the resend then drops what it left.
-- ARGV: batch, owner, samples, bound of the queue, idempotency key ('' none), body hash, grace ms, ttl s,
--       seconds to the deadline, then fields and values of the batch
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
local total, mine = 0, 0
local load = call('HGETALL', NS .. 'load')
for i = 1, #load, 2 do
  total = total + tonumber(load[i + 1])
  if load[i] == owner then mine = tonumber(load[i + 1]) end
end
local over = 0
if total > 0 then over = total + n - bound end
if total > mine and mine > 0 then over = math.max(over, mine + n - bound / 2) end
if over > 0 then
  local alive = call('ZCOUNT', NS .. 'workers', int(t - STALE_MS), '+inf')
  local lane
  for i = 10, #ARGV, 2 do
    if ARGV[i] == 'lane' then lane = ARGV[i + 1] end
  end
  return {'overloaded', int(over), call('GET', NS .. 'cost:' .. lane) or '0.1', int(alive)}
end
call('HINCRBY', NS .. 'load', owner, n)
if idemkey ~= '' then
  call('HSET', idemkey, 'batch', id, 'body', body)
  call('EXPIRE', idemkey, ttl)
end
call('HSET', batch_key(id), 'status', 'admitting', 'owner', owner, 'total', int(n), 'created', int(t),
  'deadline', int(t + tonumber(ARGV[9]) * 1000), 'idem', idemkey, unpack(ARGV, 10))
call('ZADD', NS .. 'admitting', int(t + grace), id)
return {'begun'}
