import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  holding,
  type Lease,
  releaseLease,
  renewLease,
  takeLease,
  whileRenewing,
} from '../../functions/core/lease.ts'
import { sent } from '../support/sent.ts'
import { crowd, eventually, kept, makeBarrier } from './barrier.ts'
import { failure, freshEnvironment, times } from './environment.ts'

const { database, proxy, ctx } = await freshEnvironment()
const barrier = await makeBarrier(database)
await database.admin.query('create table written (at int generated always as identity, fence int)')
await database.admin.query(
  'grant all on written to lockstep_app; grant usage on sequence written_at_seq to lockstep_app',
)

afterEach(() => proxy.faults.clear())
beforeEach(() => database.admin.query('truncate written, core.leases restart identity'))

const write = ({ fence }: Lease) => sent`insert into written (fence) values (${fence})`
const fenced = (lease: Lease) => ctx().db.batch([holding(lease), write(lease)])
/** The write of a holder that ignores its fence. */
const unfenced = (lease: Lease) => ctx().db.batch([write(lease)])

const expire = () =>
  database.admin.query(`update core.leases set expires_at = clock_timestamp() - interval '1 ms'`)
const fences = async () =>
  (await database.admin.query('select fence from written order by at')).rows.map((r) => r.fence)

async function taken(ttlSeconds = 60): Promise<Lease> {
  const lease = await takeLease(ctx(), 'sample', { ttlSeconds })
  if (lease === null) throw new Error('The lease is held')
  return lease
}

describe('a lease', () => {
  it('has one holder when thirty callers want it', async () => {
    const leases = await times(30, () => takeLease(ctx(), 'sample'))
    expect(leases.filter((lease) => lease !== null)).toEqual([{ name: 'sample', fence: 1, ttlSeconds: 60 }])
  })

  it('that expired is taken by one of thirty callers, with a higher fence', async () => {
    await taken()
    await expire()
    const leases = await times(30, () => takeLease(ctx(), 'sample'))
    expect(leases.filter((lease) => lease !== null)).toMatchObject([{ fence: 2 }])
  })

  it('is held as long as it is renewed, and free when it is released; its fence never falls', async () => {
    const lease = await taken()
    await database.admin.query(`update core.leases set expires_at = clock_timestamp() + interval '1 s'`)
    await renewLease(ctx(), lease)
    const { rows } = await database.admin.query(
      `select extract(epoch from expires_at - clock_timestamp()) > 25 as renewed from core.leases`,
    )
    expect(rows).toEqual([{ renewed: true }])
    expect(await takeLease(ctx(), 'sample')).toBe(null)
    await releaseLease(ctx(), lease)
    expect(await takeLease(ctx(), 'sample')).toMatchObject({ fence: 2 })
    await releaseLease(ctx(), lease)
    expect(await takeLease(ctx(), 'sample')).toBe(null)
  })

  it('that expired and has no new holder still writes', async () => {
    const lease = await taken()
    await expire()
    await fenced(lease)
    await renewLease(ctx(), lease)
    expect(await takeLease(ctx(), 'sample')).toBe(null)
  })

  it('is kept while slow work goes on', async () => {
    const lease = await taken(4.5)
    await whileRenewing(ctx(), lease, async () => {
      const expiry = async () =>
        (await database.admin.query('select expires_at from core.leases')).rows[0].expires_at
      const before = await expiry()
      await eventually(expiry).not.toEqual(before)
      expect(await takeLease(ctx(), 'sample')).toBe(null)
    })
  })
})

describe('the heartbeat of slow work', () => {
  const renewals = async () =>
    (await database.admin.query('select expires_at from core.leases')).rows[0].expires_at

  it('continues after a renewal that was lost on its way', async () => {
    const lease = await taken(4.5)
    await whileRenewing(ctx(), lease, async () => {
      proxy.faults.set({ reset: 1, times: 1, match: 'core.leases' })
      await proxy.faults.fired('reset')
      const before = await renewals()
      await eventually(renewals).not.toEqual(before)
      expect(await takeLease(ctx(), 'sample')).toBe(null)
    })
  })

  it('ends when the lease has another holder, and leaves that holder its lease', async () => {
    const lease = await taken()
    await whileRenewing(ctx(), lease, async () => {
      await expire()
      const second = await takeLease(ctx(), 'sample', { ttlSeconds: 60 })
      const before = await renewals()
      await failure(renewLease(ctx(), lease))
      expect([second?.fence, await renewals()]).toEqual([2, before])
    })
  })
})

describe('a holder that lost its lease', () => {
  /** The first holder is taken over; then both write. */
  async function takeover(writing: (lease: Lease) => Promise<unknown>) {
    const first = await taken()
    await expire()
    const second = await taken()
    await writing(second)
    const refused = await writing(first).then(
      () => null,
      (error: unknown) => error,
    )
    return { refused, fences: await fences() }
  }

  it('writes nothing, renews nothing, and gets LS012', async () => {
    const { refused, fences } = await takeover(fenced)
    expect(refused).toMatchObject({ sqlstate: 'LS012' })
    expect(fences).toEqual([2])
    expect(await failure(renewLease(ctx(), { name: 'sample', fence: 1, ttlSeconds: 60 }))).toMatchObject({
      sqlstate: 'LS012',
    })
  })

  it('overwrites its successor without a check of its fence: the check finds it', async () => {
    const { refused, fences } = await takeover(unfenced)
    expect(refused).toBe(null)
    expect(fences).toEqual([2, 1])
  })
})

describe('a takeover during a write', () => {
  it('waits for the write, and finds the lease held if that takes too long', async () => {
    const lease = await taken(0.001)
    await barrier.close()
    const writing = crowd(1, () => ctx().db.batch([holding(lease), write(lease), barrier.pass]))
    await eventually(barrier.waiting).toBe(1)
    const impatient = Object.assign(ctx(), { db: ctx().db.with({ lock_timeout: '50ms' }) })
    expect(await takeLease(impatient, 'sample')).toBe(null)
    await barrier.open()
    kept(await writing.all)
    expect(await fences()).toEqual([1])
  })

  it('never lets an older fence write after a newer one, in any order of writes, renewals and takeovers', async () => {
    // Leases so short that they run out under the feet of their holders.
    const refusals = new Set<string>()
    const holders = new Set<number>()
    const isEnough = () => refusals.size > 0 && holders.size > 5
    const worker = async () => {
      for (let round = 0; round < 12 || (round < 1_000 && !isEnough()); round += 1) {
        const lease = await takeLease(ctx(), 'sample', { ttlSeconds: 0.004 })
        if (lease === null) continue
        for (let writes = 0; writes < 3; writes += 1)
          await Promise.all([fenced(lease), writes === 1 ? renewLease(ctx(), lease) : null]).then(
            () => holders.add(lease.fence),
            (error) => refusals.add(error.sqlstate),
          )
      }
    }
    await times(8, worker)
    expect([...refusals]).toEqual(['LS012'])
    const written = await fences()
    expect(new Set(written).size).toBeGreaterThan(5)
    expect(written).toEqual(written.toSorted((a, b) => a - b))
  })
})

describe('a holder that dies', () => {
  it('in the middle of a write leaves nothing of it, and its lease expires', async () => {
    const lease = await taken()
    await barrier.close()
    const dying = failure(ctx().db.batch([holding(lease), write(lease), barrier.pass]))
    await eventually(barrier.waiting).toBe(1)
    await barrier.killWaiting()
    await dying
    await barrier.open()
    expect(await takeLease(ctx(), 'sample')).toBe(null)
    await expire()
    expect(await takeLease(ctx(), 'sample')).toMatchObject({ fence: 2 })
    expect(await fences()).toEqual([])
  })
})
