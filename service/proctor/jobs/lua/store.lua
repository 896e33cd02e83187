-- Store a piece of a batch that is being admitted. Nothing of it is visible yet.
-- ARGV: batch, grace ms, number of samples, number of units, then (index, sample)… and (key, indices, item, spec)…
-- Returns 1, or 0 where the batch is gone (its grace ran out).
local id, b = ARGV[1], batch_key(ARGV[1])
if call('HGET', b, 'status') ~= 'admitting' then return 0 end
local ns, nu = tonumber(ARGV[3]), tonumber(ARGV[4])
local at = 5
if ns > 0 then call('HSET', b .. ':s', unpack(ARGV, at, at + 2 * ns - 1)) end
at = at + 2 * ns
if nu > 0 then
  local indices, items, specs = {}, {}, {}
  for i = 0, nu - 1 do
    local key = ARGV[at + 4 * i]
    table.insert(indices, key)
    table.insert(indices, ARGV[at + 4 * i + 1])
    table.insert(items, ARGV[at + 4 * i + 2])
    table.insert(specs, key)
    table.insert(specs, ARGV[at + 4 * i + 3])
  end
  call('HSET', b .. ':u', unpack(indices))
  call('HSET', b .. ':n', unpack(specs))
  call('RPUSH', b .. ':q', unpack(items))
end
call('ZADD', NS .. 'admitting', int(now() + tonumber(ARGV[2])), id)
return 1
