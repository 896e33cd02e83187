-- Who waits for these units. ARGV: keys… Returns {rows, heads}: rows (key, batch, {index, sample, …})… with one row per
-- waiting batch, also where that batch has no sample left (it is committed, or the batch is gone); heads (batch, all its
-- fields)… of small batches, of which the caller will know nothing yet.
local SMALL = 8
local texts = call('HMGET', NS .. 'units', unpack(ARGV))
local wanted, order = {}, {}
for i, key in ipairs(ARGV) do
  local u = texts[i] and read_unit(texts[i])
  if u and is_finished(u) then
    for id in each_batch(u) do
      if not wanted[id] then
        wanted[id] = {}
        table.insert(order, id)
      end
      table.insert(wanted[id], key)
    end
  end
end
local rows, heads = {}, {}
for _, id in ipairs(order) do
  local total = call('HGET', batch_key(id), 'total')
  if total and tonumber(total) <= SMALL then
    table.insert(heads, id)
    table.insert(heads, call('HGETALL', batch_key(id)))
  end
  local lists = call('HMGET', batch_key(id) .. ':u', unpack(wanted[id]))
  local indices = {}
  for _, list in ipairs(lists) do
    for index in string.gmatch(list or '', '[^,]+') do table.insert(indices, index) end
  end
  local samples = {}
  for at = 1, #indices, 1000 do
    local part = call('HMGET', batch_key(id) .. ':s', unpack(indices, at, math.min(at + 999, #indices)))
    for i, sample in ipairs(part) do samples[indices[at + i - 1]] = sample end
  end
  for i, key in ipairs(wanted[id]) do
    local row = {}
    for index in string.gmatch(lists[i] or '', '[^,]+') do
      if samples[index] then
        table.insert(row, index)
        table.insert(row, samples[index])
      end
    end
    table.insert(rows, {key, id, row})
  end
end
return {rows, heads}
