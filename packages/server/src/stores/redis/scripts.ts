import type { Cluster, Redis } from 'ioredis'
import { LAYOUT } from './codec.ts'

/** Places as Lua counts them: from 1, the last one included. */
const mark = `${LAYOUT.MARK + 1}, ${LAYOUT.MARK + LAYOUT.MARK_BYTES}`
const generation = `${LAYOUT.GENERATION + 1}, ${LAYOUT.GENERATION + LAYOUT.NUMBER_BYTES}`
const ipLength = LAYOUT.IP_LENGTH + 1

/**
 * A value that bears the writer's own mark was written by an earlier run of the same call, whose answer was lost: that is
 * why each of them may be sent again.
 */
const ROTATE = `
local outcomes = {}
for i, key in ipairs(KEYS) do
  local expected, moving, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local stored = redis.call('GET', key)
  outcomes[i] = 0
  if stored and string.byte(stored) == 0 then
    if string.sub(stored, ${generation}) == expected then
      redis.call('SET', key, moving .. string.sub(stored, ${ipLength + 1} + string.byte(stored, ${ipLength})), 'PX', ttl)
      outcomes[i] = 1
    elseif string.sub(stored, ${mark}) == string.sub(moving, ${mark}) then
      outcomes[i] = 1
    end
  end
end
return outcomes`

const END = `
local outcomes = {}
for i, key in ipairs(KEYS) do
  local head = redis.call('GETRANGE', key, 0, ${LAYOUT.GENERATION - 1})
  outcomes[i] = 0
  if string.byte(head) == 0 then
    redis.call('SETRANGE', key, 0, ARGV[1])
    redis.call('PEXPIRE', key, ARGV[2])
    outcomes[i] = 1
  elseif string.sub(head, ${mark}) == string.sub(ARGV[1], ${mark}) then
    outcomes[i] = 1
  end
end
return outcomes`

/** 0 where somebody has ended it already. */
const WITHDRAW = `
if (string.byte(redis.call('GETRANGE', KEYS[1], 0, 0)) or 0) ~= 0 then return 0 end
redis.call('DEL', KEYS[1])
return 1`

/**
 * The score is the time in microseconds, or one more than the newest has: no two are the same. Who enrols once more is as new, so that
 * nobody strikes it off who had seen it without a session before. What has to make room stays so.
 */
const ENROL = `
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0) >= 0 then
  local time = redis.call('TIME')
  local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  redis.call('ZADD', KEYS[1], math.max(time[1] * 1000000 + time[2], tonumber(newest[2] or 0) + 1), ARGV[1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2], 'NX')
redis.call('PEXPIRE', KEYS[1], ARGV[2], 'GT')
return 1`

/** Negates the scores of those that have to make room, if the set is what the caller has seen of it. */
const CONDEMN = `
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if redis.call('ZCARD', KEYS[1]) ~= tonumber(ARGV[1])
  or redis.call('ZCOUNT', KEYS[1], '-inf', '(0') ~= tonumber(ARGV[2])
  or tonumber(newest[2] or 0) ~= tonumber(ARGV[3]) then return 0 end
for i = 4, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score then redis.call('ZADD', KEYS[1], -math.abs(score), ARGV[i]) end
end
return 1`

/** What was enrolled a moment ago may be about to be written: it stays, though there is no session of it yet. */
const STRIKE = `
local time = redis.call('TIME')
local before = time[1] * 1000000 + time[2] - 1000000 * tonumber(ARGV[1])
for i = 2, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and math.abs(score) <= before then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1`

type Argument = string | number | Buffer

/** Our scripts as methods of the client. Each takes the number of its keys, the keys, and what belongs to them. */
export interface Scripts {
  /** @param rest for each key: the expected generation, the new beginning, milliseconds to live */
  latchkeyRotate(keys: number, ...rest: Argument[]): Promise<number[]>
  /** @param rest the keys, the new beginning, milliseconds to live */
  latchkeyEnd(keys: number, ...rest: Argument[]): Promise<number[]>
  latchkeyWithdraw(keys: 1, key: string): Promise<number>
  latchkeyEnrol(keys: 1, key: string, member: Buffer, ttlMs: number): Promise<number>
  latchkeyCondemn(
    keys: 1,
    key: string,
    size: number,
    condemned: number,
    newest: number,
    ...members: Buffer[]
  ): Promise<number>
  latchkeyStrike(keys: 1, key: string, olderThanSeconds: number, ...members: Buffer[]): Promise<number>
}

export type ScriptedClient = (Redis | Cluster) & Scripts

/**
 * Sent whole once on each connection, then by their digest; a server that has forgotten them gets them again within the same
 * call.
 */
export const SCRIPTS = {
  latchkeyRotate: { lua: ROTATE },
  latchkeyEnd: { lua: END },
  latchkeyWithdraw: { lua: WITHDRAW },
  latchkeyEnrol: { lua: ENROL },
  latchkeyCondemn: { lua: CONDEMN },
  latchkeyStrike: { lua: STRIKE },
} satisfies Record<keyof Scripts, { lua: string }>
