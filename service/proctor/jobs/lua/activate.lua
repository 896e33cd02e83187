-- Activate more units of an open batch. ARGV: batch, count. Returns the number still to be activated.
always()
call('ZADD', NS .. 'activating', 'XX', int(now() + STALE_MS), ARGV[1])
return activate(ARGV[1], tonumber(ARGV[2]))
