/**
 * What has to happen at once in Redis. Each script touches one key, so that all of them run in a cluster. Numbers of drops are texts throughout: Lua would print them
 * with 14 digits.
 */

/**
 * Numbers of drops are the server's microseconds, each above the last. Where the key was lost they begin anew, and so they do where another server has come in the place of
 * the one that wrote them (its replication id says so, as far as this user may ask): it may lack the last drops, and what was stored before them must not be found again.
 */
const NUMBERS = `
local function after(above)
  local t = redis.call('TIME')
  local seq = string.format('%d%06d', tonumber(t[1]), tonumber(t[2]))
  if tonumber(seq) <= above then seq = string.format('%.0f', above + 1) end
  return seq
end
local info = redis.pcall('INFO', 'replication')
local here = type(info) == 'string' and string.match(info, 'master_replid:(%w+)')
if here and string.find(info, 'role:slave', 1, true) then return redis.error_reply('READONLY it is a replica') end
local function begin(above)
  local seq = after(above)
  redis.call('DEL', KEYS[1])
  redis.call('ZADD', KEYS[1], seq, '#seq', seq, '#floor')
  if here then redis.call('ZADD', KEYS[1], '+inf', '#at:' .. here) end
  return seq
end
local seq = redis.call('ZSCORE', KEYS[1], '#seq')
local lost = not seq or (here and not redis.call('ZSCORE', KEYS[1], '#at:' .. here))`;

/** KEYS: drops. ARGV: the last number that was seen. Replies the last number, the floor, and what was dropped since with its numbers. */
export const CATCH_UP = `${NUMBERS}
local seen = tonumber(ARGV[1])
if lost or tonumber(seq) < seen then seq = begin(math.max(seen, tonumber(seq or 0))) end
return {seq, redis.call('ZSCORE', KEYS[1], '#floor'), redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES')}`;

/** KEYS: drops. ARGV: channel, message, how many to remember, members. Replies the number of this drop, and the one before. */
export const DROP = `${NUMBERS}
if lost then seq = begin(tonumber(seq or 0)) end
local last = seq
seq = after(tonumber(last))
redis.call('ZADD', KEYS[1], seq, '#seq')
for i = 4, #ARGV do redis.call('ZADD', KEYS[1], seq, ARGV[i]) end
local over = redis.call('ZCARD', KEYS[1]) - 3 - tonumber(ARGV[3])
if over > 0 then
  local old = redis.call('ZRANGE', KEYS[1], 1, over, 'WITHSCORES')
  redis.call('ZREMRANGEBYRANK', KEYS[1], 1, over)
  redis.call('ZADD', KEYS[1], old[#old], '#floor')
end
redis.call('PUBLISH', ARGV[1], seq .. ' ' .. last .. '\\n' .. ARGV[2])
return {seq, last}`;

/** KEYS: drops. ARGV: channel, message. Forgets all that is stored. */
export const DROP_ALL = `${NUMBERS}
seq = begin(tonumber(seq or 0))
redis.call('PUBLISH', ARGV[1], seq .. ' 0\\n' .. ARGV[2])
return seq`;

/** KEYS: answers of a key. ARGV: slot, start of the record, body, time to live, how many, how many bytes. Takes the place of what lies within it. Numbers them in the order of their coming; the oldest go. */
export const PUT = `
local function split(slot)
  local variant, first, last = string.match(slot, '^([^.]+)%.(%d+)%-(%d+)$')
  return variant or slot, tonumber(first), tonumber(last)
end
local variant, first, last = split(ARGV[1])
for _, slot in ipairs(redis.call('HKEYS', KEYS[1])) do
  local other, from, to = split(slot)
  if other == variant and (not first or (from and first <= from and to <= last)) then redis.call('HDEL', KEYS[1], slot) end
end
local order = redis.call('HINCRBY', KEYS[1], '#', 1)
redis.call('HSET', KEYS[1], ARGV[1], struct.pack('>I4', order) .. ARGV[2] .. ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
local slots, bytes, count = redis.call('HKEYS', KEYS[1]), 0, 0
for _, slot in ipairs(slots) do bytes = bytes + redis.call('HSTRLEN', KEYS[1], slot) count = count + 1 end
count = count - 1
if count <= tonumber(ARGV[5]) and bytes <= tonumber(ARGV[6]) then return 0 end
local held = {}
for _, slot in ipairs(slots) do
  if slot ~= '#' then
    local record = redis.call('HGET', KEYS[1], slot)
    held[#held + 1] = { slot = slot, order = struct.unpack('>I4', record), bytes = #record }
  end
end
table.sort(held, function (a, b) return a.order < b.order end)
local gone = 0
for _, one in ipairs(held) do
  if (count <= tonumber(ARGV[5]) and bytes <= tonumber(ARGV[6])) or one.slot == ARGV[1] then break end
  redis.call('HDEL', KEYS[1], one.slot)
  count = count - 1
  bytes = bytes - one.bytes
  gone = gone + 1
end
return gone`;

/** KEYS: answers of a key. ARGV: slots. Replies how many went. */
export const REMOVE = `
local gone = redis.call('HDEL', KEYS[1], unpack(ARGV))
if redis.call('HLEN', KEYS[1]) <= 1 then redis.call('UNLINK', KEYS[1]) end
return gone`;

/** KEYS: answers of a tag. ARGV: member, its end, time to live, how many, now. */
export const INDEX = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[5])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[4]))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`;

/** KEYS: answers of a tag. Replies them and forgets them. */
export const TAKE = `
local members = redis.call('ZRANGE', KEYS[1], 0, -1)
redis.call('UNLINK', KEYS[1])
return members`;
