-- Commit results of one batch, each index once: the bitmap's old bit decides, so of two finishers with the same
-- sample (one was thought dead) the first wins and the second changes nothing.
-- Where these are all samples of the batch it is closed along with that, by the summary that the caller made of them.
-- ARGV: batch, summary, provenance, ttl s (all '' where there are more samples), then (index, account, result)…
-- Returns {done, total, committed now}, of a batch that is complete with all its accounts, image and tier, or with
-- `closed` where that is done; {-1, 0, 0} where the batch is closed already or gone.
local id, b = ARGV[1], batch_key(ARGV[1])
local v = call('HMGET', b, 'owner', 'total', 'closed', 'status', 'idem')
if not v[1] or v[3] then return {-1, 0, 0} end
local bits, indices = {}, {}
for i = 5, #ARGV, 3 do
  table.insert(indices, ARGV[i])
  table.insert(bits, 'SET')
  table.insert(bits, 'u1')
  table.insert(bits, ARGV[i])
  table.insert(bits, '1')
end
call('HDEL', b .. ':s', unpack(indices)) -- first, as it frees memory: see common.lua
local old = call('BITFIELD', b .. ':d', unpack(bits))
local results, accounts = {}, {}
for i, bit in ipairs(old) do
  if bit == 0 then
    table.insert(accounts, ARGV[3 * i + 3])
    table.insert(results, ARGV[3 * i + 4])
  end
end
local function answer(done, now)
  if done < tonumber(v[2]) then return {done, tonumber(v[2]), now} end
  local by = call('HMGET', b, 'image', 'tier')
  return {done, tonumber(v[2]), now, call('GET', b .. ':a'), by[1], by[2]}
end
if #results == 0 then return answer(call('LLEN', b .. ':r'), 0) end
local done = call('RPUSH', b .. ':r', unpack(results))
if ARGV[2] ~= '' and #results == tonumber(v[2]) then
  unload(v[1], #results)
  close(id, done, {v[4], v[5]}, ARGV[2], ARGV[3], ARGV[4])
  return {done, done, done, 'closed'}
end
call('APPEND', b .. ':a', table.concat(accounts))
unload(v[1], #results)
call('PUBLISH', NS .. 'news', id .. ' ' .. int(done) .. ' 0')
return answer(done, #results)
