import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startTicker } from '../../dev/system/ticker.ts'

beforeEach(() => vi.useFakeTimers({ now: new Date('2026-11-21T23:58:30Z') }))
afterEach(() => vi.useRealTimers())

function tickerOf(crons: string[], fire: (cron: string, at: Date) => Promise<{ outcome: string }>) {
  const errors: string[] = []
  return { ticker: startTicker({ crons, fire, onError: (message) => errors.push(message) }), errors }
}

async function fired(crons: string[], minutes: number): Promise<string[]> {
  const seen: string[] = []
  const { ticker } = tickerOf(crons, async (cron, at) => {
    seen.push(`${at.toISOString().slice(11, 16)} ${cron}`)
    return { outcome: 'ok' }
  })
  await vi.advanceTimersByTimeAsync(minutes * 60_000)
  ticker.stop()
  await vi.advanceTimersByTimeAsync(600_000)
  return seen
}

it('fires each expression at the minutes it names, once, in UTC, until it is stopped', async () => {
  expect(await fired(['* * * * *', '*/2 * * * *', '0 0 * * *'], 3)).toEqual([
    '23:59 * * * * *',
    '00:00 * * * * *',
    '00:00 */2 * * * *',
    '00:00 0 0 * * *',
    '00:01 * * * * *',
  ])
})

it('counts the days of the week as Cloudflare does, from Sunday, which is 1', async () => {
  // From Saturday 21 into Sunday 22 November 2026.
  expect(await fired(['* * * * 1', '* * * * 7'], 2)).toEqual(['23:59 * * * * 7', '00:00 * * * * 1'])
})

it('neither waits for a run that takes long nor ends when one fails', async () => {
  const runs: (() => Promise<{ outcome: string }>)[] = [
    () => new Promise<never>(() => undefined),
    () => Promise.reject(new Error('broken')),
    () => Promise.resolve({ outcome: 'exception' }),
    () => Promise.resolve({ outcome: 'ok' }),
  ]
  const { ticker, errors } = tickerOf(
    ['* * * * *'],
    () => runs.shift()?.() ?? Promise.reject(new Error('too many')),
  )
  await vi.advanceTimersByTimeAsync(240_000)
  ticker.stop()
  expect(runs).toEqual([])
  expect(errors).toEqual(['cron "* * * * *" failed: Error: broken', 'cron "* * * * *" ended with exception'])
})
