-- Close a batch whose samples are all committed. ARGV: batch, summary, provenance, ttl s. Returns 1 if closed now.
always()
local id, b = ARGV[1], batch_key(ARGV[1])
local v = call('HMGET', b, 'total', 'closed', 'status', 'idem')
if not v[1] or v[2] then return 0 end
local done = call('LLEN', b .. ':r')
if done < tonumber(v[1]) then return 0 end
call('HSET', b, 'closed', '1', 'status', v[3] == 'cancelled' and 'cancelled' or 'done', 'summary', ARGV[2],
  'provenance', ARGV[3])
call('EXPIRE', b, ARGV[4])
call('EXPIRE', b .. ':r', ARGV[4])
if v[4] and v[4] ~= '' then call('EXPIRE', v[4], ARGV[4]) end
call('UNLINK', b .. ':s', b .. ':u', b .. ':n', b .. ':q', b .. ':d', b .. ':a', b .. ':h')
call('ZREM', NS .. 'deadlines', id)
call('ZREM', NS .. 'activating', id)
call('PUBLISH', NS .. 'news', id .. ' ' .. int(done) .. ' 1')
return 1
