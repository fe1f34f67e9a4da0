import { beforeEach, describe, expect, it } from 'vitest'
import { faults, isFault } from '../../dev/upstreams/faults.ts'
import { haversineKm } from '../../functions/space/iss/geometry.ts'
import { apiKey, spaceRig } from './rig.ts'

const rig = await spaceRig()
const { upstreams, admin, run, rows } = rig

beforeEach(async () => {
  upstreams.reset()
  rig.setClock('2026-11-20T10:00:30Z')
  await admin.query(
    `truncate space.iss_fetch_log, space.elements, space.osdr_items, space.osdr_changes, space.apod, space.neo_approaches,
      space.donki_events, space.donki_revisions, space.upstream_state, space.upstream_answers, core.job_runs, core.job_slots, core.leases`,
  )
})

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

describe('elements', () => {
  it('come from CelesTrak, and "not updated" is nothing new', async () => {
    expect(await run('elements')).toMatchObject({ outcome: 'ok', rows: 1, detail: { source: 'celestrak' } })
    expect(await run('elements')).toMatchObject({
      outcome: 'skipped',
      detail: { reason: 'not modified', faults: {} },
    })
    expect(await rows(`select failures from space.upstream_state where upstream = 'celestrak'`)).toEqual([
      { failures: 0 },
    ])
    upstreams.fail('celestrak', 'not-updated-200')
    expect(await run('elements')).toMatchObject({ outcome: 'skipped', detail: { reason: 'not modified' } })
    expect(upstreams.calls('wheretheiss')).toEqual([])
  })

  it('come from wheretheiss, then from SatNOGS, when CelesTrak has none', async () => {
    upstreams.fail('celestrak', 'unknown-200')
    expect(await run('elements')).toMatchObject({ outcome: 'ok', detail: { source: 'wheretheiss' } })
    rig.setClock('2026-11-20T12:30:00Z')
    upstreams.fail('wheretheiss', 'truncated')
    expect(await run('elements')).toMatchObject({ outcome: 'ok', detail: { source: 'satnogs' } })
  })

  it('stay as they were when nobody has any', async () => {
    await run('elements')
    const before = await rows('select * from space.elements')
    for (const name of ['celestrak', 'wheretheiss', 'satnogs'] as const) upstreams.fail(name, 'html-with-200')
    expect(await run('elements')).toMatchObject({ outcome: 'failed' })
    expect(await rows('select * from space.elements')).toEqual(before)
  })
})

describe('osdr-sync', () => {
  const untilAsked = async (times: number) => {
    while (upstreams.calls('osdr').length < times) await new Promise(setImmediate)
  }
  const versions = () =>
    rows('select dataset_id, xmin::text, ctid::text from space.osdr_items order by dataset_id')

  it('fetches every unknown dataset once', async () => {
    expect(await run('osdr-sync')).toMatchObject({
      outcome: 'ok',
      rows: 60,
      detail: { inserted: 60, listed: 60, fetched: 60, remaining: 0 },
    })
    expect(upstreams.calls('osdr')).toHaveLength(62)
    expect(await rows(`select count(*)::int as n from space.osdr_changes where field = 'dataset'`)).toEqual([
      { n: 60 },
    ])
    expect(await rows('select total_datasets from space.mv_osdr_stats')).toEqual([{ total_datasets: 60 }])
  })

  it('writes no row when nothing changed', async () => {
    await run('osdr-sync')
    const before = await versions()
    expect(await run('osdr-sync')).toMatchObject({
      outcome: 'skipped',
      rows: 0,
      detail: { inserted: 0, updated: 0 },
    })
    expect(await versions()).toEqual(before)
    // The list, the overview, and the few whose turn it is.
    expect(upstreams.calls('osdr').length).toBeLessThan(62 + 12)
  })

  it('writes one row and one record of change for one changed title', async () => {
    await run('osdr-sync')
    const old = upstreams.datasets.get('OSD-7')
    upstreams.datasets.set('OSD-7', { ...old, 'study title': 'Quite another title' })
    expect(await run('osdr-sync')).toMatchObject({ outcome: 'ok', rows: 1, detail: { updated: 1 } })
    expect(
      await rows(`select dataset_id, field, old, new from space.osdr_changes where field <> 'dataset'`),
    ).toEqual([
      { dataset_id: 'OSD-7', field: 'title', old: old?.['study title'], new: 'Quite another title' },
    ])
  })

  it('keeps what came before the server failed, and goes on there next time', async () => {
    const half = run('osdr-sync')
    await untilAsked(58)
    upstreams.fail('osdr', 'reset')
    expect(await half).toMatchObject({ outcome: 'failed' })
    const [{ n } = { n: 0 }] = await rows('select count(*)::int as n from space.osdr_items')
    expect(n).toBeGreaterThanOrEqual(50)
    expect(n).toBeLessThan(60)
    upstreams.heal()
    rig.setClock('2026-11-20T10:10:00Z')
    expect(await run('osdr-sync')).toMatchObject({ outcome: 'ok', detail: { inserted: 60 - Number(n) } })
  })

  it('quarantines a dataset that cannot be read and takes the others', async () => {
    upstreams.datasets.set('OSD-999', { accession: 'OSD-999' })
    expect(await run('osdr-sync')).toMatchObject({ outcome: 'ok', detail: { inserted: 60, quarantined: 1 } })
    expect(
      await rows(`select request, reason from space.upstream_answers where verdict = 'quarantined'`),
    ).toEqual([{ request: expect.stringContaining('OSD-999'), reason: 'study title is missing' }])
  })

  it('keeps a dataset that left the list, and all of them when the list is no list', async () => {
    await run('osdr-sync')
    upstreams.datasets.delete('OSD-3')
    await run('osdr-sync')
    for (const fault of [
      'another-shape',
      'html-with-200',
      'truncated',
      'wrong-types',
      'huge',
      'empty',
    ] as const) {
      upstreams.fail('osdr', fault)
      await run('osdr-sync')
      rig.setClock(
        new Date(Date.parse('2026-11-20T10:00:30Z') + upstreams.calls().length * 3_600_000).toISOString(),
      )
    }
    expect(await rows('select count(*)::int as n from space.osdr_items')).toEqual([{ n: 60 }])
  })

  it('still learns of new datasets when there is no overview', async () => {
    await run('osdr-sync')
    await admin.query(`delete from space.osdr_items where dataset_id in ('OSD-1', 'OSD-2')`)
    const hashes = () => rows(`select listing_hash from space.osdr_items where dataset_id = 'OSD-9'`)
    const before = await hashes()
    upstreams.fail('osdr', 'status-404', { matching: '/query/' })
    expect(await run('osdr-sync')).toMatchObject({ outcome: 'ok', detail: { overview: false, inserted: 2 } })
    expect(await hashes()).toEqual(before)
    expect(await rows('select count(*)::int as n from space.osdr_items')).toEqual([{ n: 60 }])
  })
})

describe('apod', () => {
  it('fetches the last week at first, then nothing while the day is known', async () => {
    expect(await run('apod')).toMatchObject({ outcome: 'ok', rows: 7 })
    expect(await run('apod')).toMatchObject({ outcome: 'skipped' })
    expect(upstreams.calls('apod')).toHaveLength(1)
    rig.setClock('2026-11-21T06:00:00Z')
    expect(await run('apod')).toMatchObject({ outcome: 'ok', rows: 1 })
    expect(upstreams.calls('apod').at(-1)).toContain('date=2026-11-21')
  })

  it('asks for the Eastern day: early in the UTC day it is still yesterday', async () => {
    rig.setClock('2026-11-21T03:00:00Z')
    await run('apod')
    expect(await rows('select max(date)::text as newest from space.apod')).toEqual([{ newest: '2026-11-20' }])
  })
})

describe('neo', () => {
  it('reaches three weeks ahead in windows of seven days, then asks for one at a time', async () => {
    expect(await run('neo')).toMatchObject({ outcome: 'ok' })
    expect(upstreams.calls('neows')).toEqual([
      '/neo/rest/v1/feed?start_date=2026-11-19&end_date=2026-11-25',
      '/neo/rest/v1/feed?start_date=2026-11-26&end_date=2026-12-02',
      '/neo/rest/v1/feed?start_date=2026-12-03&end_date=2026-12-09',
    ])
    expect(await run('neo')).toMatchObject({ outcome: 'skipped', detail: { inserted: 0, updated: 0 } })
    expect(upstreams.calls('neows')).toHaveLength(4)
  })
})

describe('donki', () => {
  it('keeps every version, and the newest in front', async () => {
    await run('donki')
    const [event] = await rows(
      `select event_id, version_id from space.donki_events where type = 'cme' order by started_at desc limit 1`,
    )
    upstreams.revised.set(String(event?.['event_id']), { versionId: 7, note: 'revised' })
    expect(await run('donki')).toMatchObject({ outcome: 'ok', rows: 1, detail: { updated: 1 } })
    const versions = () =>
      rows(`select version_id from space.donki_revisions where event_id = $1 order by 1`, [
        event?.['event_id'],
      ])
    expect(await versions()).toEqual([{ version_id: event?.['version_id'] }, { version_id: 7 }])
    upstreams.revised.set(String(event?.['event_id']), { versionId: 3, note: 'late' })
    await run('donki')
    expect(
      await rows(`select version_id, note from space.donki_events where event_id = $1`, [
        event?.['event_id'],
      ]),
    ).toEqual([{ version_id: 7, note: 'revised' }])
    expect(await versions()).toHaveLength(3)
  })

  it('takes the other types when the list of one cannot be read', async () => {
    for (const name of ['donki', 'ccmc'] as const) upstreams.fail(name, 'wrong-types', { matching: '/CME' })
    expect(await run('donki')).toMatchObject({ outcome: 'failed', detail: { quarantined: 8 } })
    expect(await rows('select distinct type from space.donki_events order by 1')).toEqual(
      ['flr', 'gst', 'notifications'].map((type) => ({ type })),
    )
  })

  it('goes to CCMC when the quota of NASA is used up, and never asks NASA without one', async () => {
    upstreams.fail('donki', 'status-429-retry-late')
    expect(await run('donki')).toMatchObject({
      outcome: 'ok',
      detail: { faults: { donki: expect.stringContaining('quota_exhausted') } },
    })
    expect(upstreams.calls('donki')).toHaveLength(1)
    expect(
      await rows(`select quota_left, quota_until from space.upstream_state where upstream = 'api.nasa.gov'`),
    ).toEqual([{ quota_left: 0, quota_until: new Date(Date.parse('2026-11-20T10:00:30Z') + 57_263_000) }])
    upstreams.reset()
    for (const job of ['apod', 'neo', 'donki']) await run(job)
    expect([upstreams.calls('apod'), upstreams.calls('neows'), upstreams.calls('donki')]).toEqual([
      [],
      [],
      [],
    ])
    rig.setClock('2026-11-21T10:00:30Z')
    expect(await run('apod')).toMatchObject({ outcome: 'ok' })
  })
})

describe('a failing upstream', () => {
  const kinds = [
    'timeout',
    'stall',
    'endless',
    'status-403',
    'status-404',
    'status-500',
    'status-503-html',
    'status-429',
    'html-with-200',
    'text-with-200',
    'truncated',
    'huge',
    'wrong-types',
    'another-shape',
    'redirect',
    'key-invalid',
  ] as const
  const jobs = [
    ['apod', 'apod', 'space.apod'],
    ['neo', 'neows', 'space.neo_approaches'],
    ['donki', 'donki', 'space.donki_events'],
  ] as const
  for (const [job, upstream, table] of jobs)
    it.each(kinds)(`changes no row of ${table} when it does this: %s`, async (fault) => {
      await run(job)
      const before = await rows(`select xmin::text, * from ${table} order by 2, 3`)
      expect(before.length).toBeGreaterThan(0)
      rig.setClock('2026-11-21T10:00:30Z')
      upstreams.fail(upstream, fault)
      upstreams.fail('ccmc', fault)
      expect(await run(job, '2026-11-21T10:00:00Z')).toMatchObject({ ran: true, outcome: 'failed' })
      expect(await rows(`select xmin::text, * from ${table} order by 2, 3`)).toEqual(before)
      expect(await lastRun()).toMatchObject({ outcome: 'failed', error: expect.any(String) })
      expect(await rows('select * from core.job_slots')).toEqual([])
    })
})

describe('the API key', () => {
  it('is in no row, no log and no request line', async () => {
    for (const job of rig.jobNames) await run(job)
    upstreams.fail('neows', 'wrong-types')
    rig.setClock('2026-11-20T13:00:30Z')
    await run('neo')
    const { rows: tables } = await admin.query(
      `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('space', 'core')`,
    )
    expect(tables.length).toBeGreaterThan(10)
    for (const { name } of tables)
      expect(
        await rows(`select count(*)::int as n from ${name} t where t::text like $1`, [`%${apiKey}%`]),
      ).toEqual([{ n: 0 }])
    expect(rig.logged.length).toBeGreaterThan(10)
    expect(rig.logged.join('\n')).not.toContain(apiKey)
    expect(upstreams.calls().join('\n')).not.toContain(apiKey)
  })
})

describe('what came over the wire', () => {
  it('is kept whole and once, and read again gives the same position', async () => {
    await run('iss-position')
    await run('iss-position')
    const [answer] = await rows(
      `select body, times from space.upstream_answers where upstream = 'wheretheiss'`,
    )
    expect(answer?.['times']).toBe(2)
    const [fix] = await fixes()
    expect(JSON.parse(String(answer?.['body']))).toMatchObject({
      latitude: fix?.['latitude'],
      longitude: fix?.['longitude'],
      altitude: fix?.['altitude_km'],
    })
  })

  it('is thrown away after a week, and months of the log are made ahead', async () => {
    await run('iss-position')
    await admin.query(`update space.upstream_answers set received_at = now() - interval '8 days'`)
    expect(await run('space-upkeep')).toMatchObject({ outcome: 'ok', detail: { answersRemoved: 1 } })
    expect(await rows('select * from space.upstream_answers')).toEqual([])
    const { rows: partitions } = await admin.query(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'space.iss_fetch_log'::regclass`,
    )
    const ahead = new Date()
    ahead.setUTCMonth(ahead.getUTCMonth() + 3, 1)
    expect(partitions.map(({ name }) => name)).toContain(
      `space.iss_fetch_log_${ahead.toISOString().slice(0, 7).replace('-', '')}`,
    )
    expect(await run('space-upkeep')).toMatchObject({ outcome: 'skipped' })
  })
})
