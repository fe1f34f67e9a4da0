import { beforeEach, describe, expect, it } from 'vitest'
import { faults, isFault } from '../../../dev/upstreams/faults.ts'
import { haversineKm } from '../../../functions/space/iss/geometry.ts'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { upstreams, admin, run, rows } = rig

beforeEach(rig.reset)

const fixes = () => rows('select * from space.iss_fetch_log order by ts')
const lastRun = async () =>
  (await rows('select outcome, error, rows, detail from core.job_runs order by id desc limit 1'))[0]

describe('iss-position', () => {
  it('logs what wheretheiss tells, and checks it against our own orbit', async () => {
    await run('elements')
    expect(await run('iss-position', '2026-11-20T10:00:00Z')).toMatchObject({
      ran: true,
      outcome: 'ok',
      rows: 1,
      detail: { source: 'wheretheiss' },
    })
    const [fix] = await fixes()
    expect(fix).toMatchObject({
      norad_id: 25544,
      ts: new Date('2026-11-20T10:00:30Z'),
      source: 'wheretheiss',
      computed: false,
      error_km: null,
    })
    expect(fix?.['cross_check_km']).toBeLessThan(0.1)
    expect(await rows('select slot from core.job_slots')).toEqual([
      { slot: new Date('2026-11-20T10:00:00Z') },
    ])
  })

  it('leaves a second that is in the log as it is, observed or computed', async () => {
    await run('elements')
    upstreams.fail('wheretheiss', 'reset')
    upstreams.fail('open-notify', 'reset')
    await run('iss-position')
    const computed = await fixes()
    expect(computed).toMatchObject([{ computed: true }])
    upstreams.heal()
    expect(await run('iss-position')).toMatchObject({
      outcome: 'skipped',
      detail: { source: 'wheretheiss', crossCheckKm: expect.any(Number) },
    })
    expect(await fixes()).toEqual(computed)
  })

  it('does a slot once, and a second once', async () => {
    await run('iss-position', '2026-11-20T10:00:00Z')
    expect(await run('iss-position', '2026-11-20T10:00:00Z')).toEqual({ ran: false, reason: 'done' })
    expect(upstreams.calls('wheretheiss')).toHaveLength(1)
    expect(await run('iss-position', '2026-11-20T10:01:00Z')).toMatchObject({ outcome: 'skipped', rows: 0 })
    expect(await fixes()).toHaveLength(1)
  })

  it('asks open-notify when wheretheiss fails, and leaves unknown what that does not tell', async () => {
    upstreams.fail('wheretheiss', 'status-500')
    expect(await run('iss-position')).toMatchObject({
      outcome: 'ok',
      detail: { source: 'open-notify', faults: { wheretheiss: 'server_error: status 500' } },
    })
    expect(await fixes()).toMatchObject([
      { source: 'open-notify', altitude_km: null, velocity_kmh: null, visibility: null, computed: false },
    ])
  })

  it('computes it from stored elements when nobody tells, says so, and says how far off it may be', async () => {
    await run('elements')
    rig.setClock('2026-11-22T10:00:30Z')
    upstreams.fail('wheretheiss', 'timeout')
    upstreams.fail('open-notify', 'html-with-200')
    expect(await run('iss-position')).toMatchObject({ outcome: 'ok', detail: { source: 'sgp4' } })
    const [fix] = await fixes()
    expect(fix).toMatchObject({ source: 'sgp4', computed: true, cross_check_km: null })
    expect(fix?.['error_km']).toBeCloseTo(2.3 * 2 ** 2, 0)
  })

  it('invents nothing: without a source and without elements there is no row, and the run has failed', async () => {
    upstreams.fail('wheretheiss', 'reset')
    upstreams.fail('open-notify', 'reset')
    expect(await run('iss-position', '2026-11-20T10:00:00Z')).toMatchObject({
      ran: true,
      outcome: 'failed',
      rows: 0,
    })
    expect(await fixes()).toEqual([])
    expect(await lastRun()).toMatchObject({ outcome: 'failed', error: expect.stringContaining('network') })
    expect(await rows('select * from core.job_slots')).toEqual([])
    expect(
      await rows(
        `select failures, last_ok_at, last_error from space.upstream_state where upstream = 'wheretheiss'`,
      ),
    ).toEqual([{ failures: 1, last_ok_at: null, last_error: expect.stringContaining('network') }])
    upstreams.heal()
    expect(await run('iss-position', '2026-11-20T10:00:00Z')).toMatchObject({ outcome: 'ok' })
  })

  it('computes nothing from elements that are older than a month', async () => {
    await run('elements')
    rig.setClock('2026-12-25T10:00:30Z')
    upstreams.fail('wheretheiss', 'reset')
    upstreams.fail('open-notify', 'reset')
    expect(await run('iss-position')).toMatchObject({ outcome: 'failed' })
  })

  it('quarantines what contradicts a fresh orbit by a thousand kilometres', async () => {
    await run('elements')
    // Half an orbit later in the same orbit: plausible by itself.
    await admin.query(
      `update space.elements set omm = omm || jsonb_build_object('MEAN_ANOMALY', (omm ->> 'MEAN_ANOMALY')::float + 180)`,
    )
    expect(await run('iss-position')).toMatchObject({
      detail: { source: 'sgp4', quarantined: 2, faults: { wheretheiss: expect.stringContaining('km away') } },
    })
  })

  it('does not ask an upstream that has failed five times, and asks once after a minute', async () => {
    upstreams.fail('wheretheiss', 'status-404')
    for (let time = 0; time < 7; time += 1) await run('iss-position')
    expect(upstreams.calls('wheretheiss')).toHaveLength(5)
    rig.setClock('2026-11-20T10:02:30Z')
    upstreams.heal()
    expect(await run('iss-position')).toMatchObject({ detail: { source: 'wheretheiss' } })
    expect(
      await rows(`select failures, open_until from space.upstream_state where upstream = 'wheretheiss'`),
    ).toEqual([{ failures: 0, open_until: null }])
  })

  const harmless = new Set(['quota-zero', 'status-429-retry-soon'])
  it.each(Object.keys(faults))('survives an upstream that does this: %s', async (fault) => {
    if (!isFault(fault)) throw new Error(fault)
    await run('elements')
    await run('iss-position')
    const before = await fixes()
    rig.setClock('2026-11-20T10:01:30Z')
    const limits = fault === 'status-429-retry-soon' ? { times: 1 } : {}
    upstreams.fail('wheretheiss', fault, limits)
    upstreams.fail('open-notify', fault, limits)
    const ran = await run('iss-position')
    expect(ran).toMatchObject({
      ran: true,
      outcome: 'ok',
      detail: { source: harmless.has(fault) ? 'wheretheiss' : 'sgp4' },
    })
    const after = await fixes()
    expect(after[0]).toEqual(before[0])
    expect(after).toHaveLength(2)
    const [first, second] = after.map((fix) => ({
      latitude: Number(fix['latitude']),
      longitude: Number(fix['longitude']),
    }))
    expect(first && second ? haversineKm(first, second) / 60 : 0).toBeCloseTo(7.1, 0)
  })
})
