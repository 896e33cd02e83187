-- A worker leaves. ARGV: worker
call('DEL', NS .. 'w:' .. ARGV[1])
return call('ZREM', NS .. 'workers', ARGV[1])
