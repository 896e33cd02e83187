-- Open a batch that is stored whole: from here on it is durable and will be finished, whoever dies. The first units
-- are activated at once; the caller, or else the sweeper, activates the rest.
-- ARGV: batch, ms from creation to the first start-by time, indices whose outcome is known ("1,2,…"), units at once,
-- ttl s, then the keys of test sets to be kept so long
-- Returns the number of units still to be activated, or -1 where the batch is gone; where test sets are missing the
-- batch stays as it is, and their places among the keys are returned.
local id, b = ARGV[1], batch_key(ARGV[1])
local v = call('HMGET', b, 'status', 'created')
if v[1] == 'queued' or v[1] == 'running' then return activate(id, tonumber(ARGV[4])) end
if v[1] ~= 'admitting' then return -1 end
local missing = keep(6, tonumber(ARGV[5]))
if #missing > 0 then return missing end
call('HSET', b, 'status', 'queued')
call('ZREM', NS .. 'admitting', id)
call('ZADD', NS .. 'deadlines', int(tonumber(v[2]) + tonumber(ARGV[2])), id)
call('ZADD', NS .. 'activating', int(now() + STALE_MS), id)
if ARGV[3] ~= '' then call('XADD', NS .. 'outcomes', '*', 'op', 'known', 'batch', id, 'indices', ARGV[3]) end
return activate(id, tonumber(ARGV[4]))
