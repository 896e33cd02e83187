-- Close a batch whose samples are all committed. ARGV: batch, summary, provenance, ttl s. Returns 1 if closed now.
always()
local id, b = ARGV[1], batch_key(ARGV[1])
local v = call('HMGET', b, 'total', 'closed', 'status', 'idem')
if not v[1] or v[2] then return 0 end
local done = call('LLEN', b .. ':r')
if done < tonumber(v[1]) then return 0 end
close(id, done, {v[3], v[4]}, ARGV[2], ARGV[3], ARGV[4])
return 1
