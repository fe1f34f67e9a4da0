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
  it('logs the answer of wheretheiss and cross-checks it with the computed orbit', async () => {
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

  it('does not overwrite a second that is in the log', async () => {
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

  it('runs a slot once and logs a second once', async () => {
    await run('iss-position', '2026-11-20T10:00:00Z')
    expect(await run('iss-position', '2026-11-20T10:00:00Z')).toEqual({ ran: false, reason: 'done' })
    expect(upstreams.calls('wheretheiss')).toHaveLength(1)
    expect(await run('iss-position', '2026-11-20T10:01:00Z')).toMatchObject({ outcome: 'skipped', rows: 0 })
    expect(await fixes()).toHaveLength(1)
  })

  it('calls open-notify if wheretheiss fails, and stores null for fields that open-notify lacks', async () => {
    upstreams.fail('wheretheiss', 'status-500')
    expect(await run('iss-position')).toMatchObject({
      outcome: 'ok',
      detail: { source: 'open-notify', faults: { wheretheiss: 'server_error: status 500' } },
    })
    expect(await fixes()).toMatchObject([
      { source: 'open-notify', altitude_km: null, velocity_kmh: null, visibility: null, computed: false },
    ])
  })

  it('computes the position from stored elements if all upstreams fail, and marks it with its error bound', async () => {
    await run('elements')
    rig.setClock('2026-11-22T10:00:30Z')
    upstreams.fail('wheretheiss', 'timeout')
    upstreams.fail('open-notify', 'html-with-200')
    expect(await run('iss-position')).toMatchObject({ outcome: 'ok', detail: { source: 'sgp4' } })
    const [fix] = await fixes()
    expect(fix).toMatchObject({ source: 'sgp4', computed: true, cross_check_km: null })
    expect(fix?.['error_km']).toBeCloseTo(2.3 * 2 ** 2, 0)
  })

  it('fails and writes no row without an upstream and without elements', async () => {
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

  it('computes no position from elements older than a month', async () => {
    await run('elements')
    rig.setClock('2026-12-25T10:00:30Z')
    upstreams.fail('wheretheiss', 'reset')
    upstreams.fail('open-notify', 'reset')
    expect(await run('iss-position')).toMatchObject({ outcome: 'failed' })
  })

  it('quarantines a position a thousand kilometres away from a fresh orbit', async () => {
    await run('elements')
    // A position half an orbit later on the same orbit is plausible by itself.
    await admin.query(
      `update space.elements set omm = omm || jsonb_build_object('MEAN_ANOMALY', (omm ->> 'MEAN_ANOMALY')::float + 180)`,
    )
    expect(await run('iss-position')).toMatchObject({
      detail: { source: 'sgp4', quarantined: 2, faults: { wheretheiss: expect.stringContaining('km away') } },
    })
  })

  it('stops calling an upstream after five failures, and calls it again after a minute', async () => {
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

  const harmless = new Set(['quota-zero', 'status-429-retry-soon', 'odd-element'])
  it.each(Object.keys(faults))('logs a position despite the fault %s of both upstreams', async (fault) => {
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
