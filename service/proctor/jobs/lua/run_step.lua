-- Add a batch's numbers to its step of a run. ARGV: run, [step or null, number…] as JSON, steps kept, ttl s
local key = NS .. 'run:' .. ARGV[1]
local new = cjson.decode(ARGV[2])
local text = call('GET', key)
local steps, known = text and cjson.decode(text) or {}, nil
if new[1] ~= cjson.null then
  for _, step in ipairs(steps) do
    if step[1] == new[1] then known = step end
  end
end
if known then
  for i = 2, #new do known[i] = known[i] + new[i] end
else
  table.insert(steps, new)
end
while #steps > tonumber(ARGV[3]) do table.remove(steps, 1) end
call('SET', key, cjson.encode(steps), 'EX', ARGV[4])
return #steps
