import { Redis } from '@upstash/redis'
import { expect, it } from 'vitest'
import { startUpstash } from '../../dev/upstash/server.ts'
import { atTheEnd } from '../support/at-the-end.ts'

const upstash = await startUpstash()
atTheEnd(() => upstash.close())
const redis = new Redis({ url: upstash.url, token: upstash.token, retry: false, enableTelemetry: false })

it(`serves the official client, on ${upstash.kind}`, async () => {
  expect(await redis.set('plain', 'grüße', { px: 60_000 })).toBe('OK')
  expect(await redis.get('plain')).toBe('grüße')
  expect(await redis.set('plain', 'other', { nx: true })).toBeNull()
  expect(await redis.set('object', { n: 1, list: ['a'] })).toBe('OK')
  expect(await redis.get('object')).toEqual({ n: 1, list: ['a'] })
  expect(await redis.get('absent')).toBeNull()
  expect(await redis.mget('plain', 'absent')).toEqual(['grüße', null])
  expect(await redis.pttl('plain')).toBeGreaterThan(0)
  expect(await redis.eval('return {KEYS[1], ARGV[1]}', ['k'], ['v'])).toEqual(['k', 'v'])
  expect(await redis.del('plain', 'absent')).toBe(1)
})

it('runs a pipeline to its end although one command fails', async () => {
  const results = await redis
    .pipeline()
    .set('n', 'text')
    .lpush('n', 'x')
    .set('m', '1')
    .exec({ keepErrors: true })
  expect(results.map(({ error }) => error !== undefined)).toEqual([false, true, false])
  expect(await redis.get('m')).toBe(1)
})

it('runs a transaction without a command of others in between', async () => {
  await redis.set('count', 0)
  const runs = await Promise.all(
    Array.from({ length: 10 }, () => redis.multi().incr('count').incr('count').exec<[number, number]>()),
  )
  expect(runs.every(([first, second]) => second === first + 1)).toBe(true)
})

it('refuses a wrong token and tells an error of Redis', async () => {
  const stranger = new Redis({ url: upstash.url, token: 'wrong', retry: false, enableTelemetry: false })
  await expect(stranger.get('plain')).rejects.toThrow('WRONGPASS')
  await redis.set('word', 'text')
  await expect(redis.lpush('word', 'x')).rejects.toThrow(/WRONGTYPE|not contain a list/)
})

it('reads a command in the path, as curl sends it', async () => {
  const headers = { authorization: `Bearer ${upstash.token}`, connection: 'close' }
  const set = await fetch(`${upstash.url}/set/by%20path/value`, { headers })
  expect(await set.json()).toEqual({ result: 'OK' })
  expect(await redis.get('by path')).toBe('value')
})

it('fails on demand', async () => {
  upstash.faults.set({ refuse: 1, times: 1 })
  await expect(redis.get('object')).rejects.toThrow('refuses on demand')
  // The client sends a command without an answer once more.
  upstash.faults.set({ refuse: 0, cutAfterCommit: 1, times: 2 })
  await expect(redis.incr('cut')).rejects.toThrow('fetch failed')
  upstash.faults.clear()
  expect(await redis.get('cut')).toBe(2)
})
