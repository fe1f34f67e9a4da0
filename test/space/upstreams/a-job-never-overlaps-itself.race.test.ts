import { beforeEach, describe, expect, it, vi } from 'vitest'
import { runJob } from '../../../functions/core/job.ts'
import { soon } from '../../support/soon.ts'
import { heldLocks } from '../support/held-locks.ts'
import { hasPgBouncer } from '../support/pgbouncer.ts'
import { spaceRig } from '../support/rig.ts'

const slot = '2026-11-20T10:00:00Z'
const ways = [
  { way: 'through the proxy', pooled: false },
  ...(hasPgBouncer ? [{ way: 'behind PgBouncer in transaction mode', pooled: true }] : []),
]

for (const { way, pooled } of ways) {
  const rig = await spaceRig({ pooled })
  const { admin, upstreams, run, rows } = rig

  const untilHeld = (lock: number) =>
    vi.waitUntil(async () => Number((await rows(heldLocks, [lock]))[0]?.['pid'] ?? 0), {
      ...soon,
      interval: 5,
    })
  const isFree = async (lock: number) =>
    (await rows('select pg_try_advisory_xact_lock($1) as free', [lock]))[0]?.['free']

  describe(`ten runs of one job at once, ${way}`, () => {
    beforeEach(rig.reset)

    it.each(rig.jobNames)(
      '%s runs once: nine runs lose, one slot is done and one run is recorded',
      async (name) => {
        const runs = await Promise.all(Array.from({ length: 10 }, () => run(name, slot)))
        const ran = runs.filter((one) => one.ran)
        expect(ran).toHaveLength(1)
        expect(runs.filter((one) => !one.ran && ['busy', 'done'].includes(one.reason))).toHaveLength(9)
        expect(await rows('select job, slot from core.job_slots')).toEqual([
          { job: name, slot: new Date(slot) },
        ])
        expect(await rows('select job, outcome from core.job_runs')).toEqual([
          { job: name, outcome: expect.stringMatching(/ok|skipped/) },
        ])
        const calls = upstreams.calls()
        upstreams.reset()
        await admin.query(
          'truncate space.osdr_items, space.apod, space.neo_approaches, space.donki_events, space.upstream_state, space.copy_coverage, space.upstream_misses',
        )
        await run(name)
        expect(calls.length).toBe(upstreams.calls().length)
      },
    )

    it('would all run without their common lock (negative control)', async () => {
      const job = rig.jobs.find(({ name }) => name === 'iss-position')
      if (!job) throw new Error('no job')
      const runs = await Promise.all(
        Array.from({ length: 5 }, (_, at) =>
          runJob(rig.ctx(), { ...job, lock: 900_000 + at }, { slot: null, trigger: 'manual' }),
        ),
      )
      expect(runs.filter(({ ran }) => ran)).toHaveLength(5)
      // A call that is not answered in time is made again.
      expect(upstreams.calls('wheretheiss').length).toBeGreaterThanOrEqual(5)
    })

    it('do nothing while another session holds the lock', async () => {
      const holder = await rig.database.connect()
      for (const { name, lock } of rig.jobs.filter((job) => rig.jobNames.includes(job.name))) {
        await holder.query('begin')
        await holder.query('select pg_try_advisory_xact_lock($1)', [lock])
        expect([name, await run(name, slot)]).toEqual([name, { ran: false, reason: 'busy' }])
        await holder.query('rollback')
      }
      expect(upstreams.calls()).toEqual([])
    })
  })

  describe(`a holder that dies during a call, ${way}`, () => {
    it.each([
      ['iss-position', 1001, 'wheretheiss', 'space.iss_fetch_log'],
      ['apod', 1003, 'apod', 'space.apod'],
      ['elements', 1006, 'celestrak', 'space.elements'],
    ] as const)(
      '%s frees its lock %i at once and has written nothing',
      async (name, lock, upstream, table) => {
        await admin.query(`truncate ${table}, space.upstream_state, core.job_runs, core.job_slots`)
        upstreams.reset()
        upstreams.fail(upstream, 'timeout')
        const dying = run(name, slot).catch((error: unknown) => error)
        const pid = await untilHeld(lock)
        expect(await run(name, slot)).toEqual({ ran: false, reason: 'busy' })
        await rows('select pg_terminate_backend($1, 5000)', [pid])
        expect(await isFree(lock)).toBe(true)
        expect(await rows(`select * from ${table}`)).toEqual([])
        upstreams.heal()
        expect(await run(name, slot)).toMatchObject({ ran: true, outcome: 'ok' })
        expect(await dying).toBeInstanceOf(Error)
        expect(await rows('select count(*)::int as n from core.job_slots')).toEqual([{ n: 1 }])
        expect(await rows(`select count(*)::int as n from core.job_runs where outcome = 'ok'`)).toEqual([
          { n: 1 },
        ])
      },
    )

    it('osdr-sync continues under a new holder of the lease, and the old holder writes nothing more', async () => {
      await admin.query(
        'truncate space.osdr_items, space.osdr_changes, space.upstream_state, core.job_runs, core.job_slots, core.leases',
      )
      upstreams.reset()
      const lost = run('osdr-sync', slot).catch((error: unknown) => error)
      // Sixty datasets follow; the holder has requested the first ones.
      while (upstreams.calls('osdr').length < 2) await new Promise(setImmediate)
      // The lease of a holder that died half a minute ago looks like this.
      await admin.query(`update core.leases set expires_at = clock_timestamp() where name = 'osdr-sync'`)
      expect(await isFree(1002)).toBe(true)
      expect(await run('osdr-sync', slot)).toMatchObject({ ran: true, outcome: 'ok' })
      expect(await lost).toMatchObject({ sqlstate: 'LS012' })
      expect(await rows('select count(*)::int as n from space.osdr_items')).toEqual([{ n: 60 }])
      expect(await rows(`select count(*)::int as n from space.osdr_changes`)).toEqual([{ n: 60 }])
      expect(await rows('select count(*)::int as n from core.job_slots')).toEqual([{ n: 1 }])
    })
  })
}
