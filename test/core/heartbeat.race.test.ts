import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { takeLease, whileRenewing } from '../../functions/core/lease.ts'
import { soon } from '../support/soon.ts'
import { freshEnvironment } from './environment.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database

beforeEach(async () => {
  await admin.query('truncate core.leases')
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => void vi.useRealTimers())

async function lease() {
  const taken = await takeLease(ctx(), 'slow', { ttlSeconds: 60 })
  if (taken === null) throw new Error('The lease is held')
  return taken
}

describe('the heartbeat', () => {
  it('renews the lease each third of its time, and ends with the work', async () => {
    const taken = await lease()
    await admin.query(`update core.leases set expires_at = now() + interval '1 second'`)
    await whileRenewing(ctx(), taken, async () => {
      vi.advanceTimersByTime(20_000)
      const renewed = `select from core.leases where expires_at > now() + interval '50 seconds'`
      await vi.waitUntil(async () => (await admin.query(renewed)).rowCount, soon)
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends with work that fails', async () => {
    const failing = whileRenewing(ctx(), await lease(), () => Promise.reject(new Error('the work failed')))
    await expect(failing).rejects.toThrow('the work failed')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends when another holder has the lease, although the work goes on', async () => {
    const taken = await lease()
    await admin.query('update core.leases set fence = fence + 1')
    await whileRenewing(ctx(), taken, async () => {
      vi.advanceTimersByTime(20_000)
      await expect.poll(() => vi.getTimerCount(), soon).toBe(0)
    })
  })
})
