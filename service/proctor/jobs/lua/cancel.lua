-- Cancel a batch. Its running units are unwanted from the next renewal on; a finisher ends its samples.
-- ARGV: batch, owner. Returns 0 unknown, 1 cancelled now, 2 had ended or was cancelled before.
always()
local b = batch_key(ARGV[1])
local v = call('HMGET', b, 'owner', 'status')
if v[1] ~= ARGV[2] or v[2] == 'admitting' then return 0 end
if v[2] ~= 'queued' and v[2] ~= 'running' then return 2 end
call('HSET', b, 'status', 'cancelled')
call('XADD', NS .. 'outcomes', '*', 'op', 'cancelled', 'batch', ARGV[1])
return 1
