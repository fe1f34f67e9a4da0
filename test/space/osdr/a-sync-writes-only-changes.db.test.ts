import { beforeEach, describe, expect, it } from 'vitest'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { upstreams, admin, run, rows } = rig

beforeEach(rig.reset)

describe('osdr-sync', () => {
  const untilCalled = async (times: number) => {
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

  it('writes no row if nothing changed', async () => {
    await run('osdr-sync')
    const before = await versions()
    expect(await run('osdr-sync')).toMatchObject({
      outcome: 'skipped',
      rows: 0,
      detail: { inserted: 0, updated: 0 },
    })
    expect(await versions()).toEqual(before)
    // The calls are the list, the overview and the few datasets whose slot it is.
    expect(upstreams.calls('osdr').length).toBeLessThan(62 + 12)
  })

  it('writes one row and one change for one changed title', async () => {
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

  it('fetches each dataset once in 32 slots of six hours', async () => {
    await run('osdr-sync')
    const before = upstreams.calls('osdr').length
    for (let slot = 0; slot < 32; slot++) {
      rig.setClock(new Date(Date.parse('2026-11-20T10:00:30Z') + slot * 6 * 3_600_000).toISOString())
      await run('osdr-sync')
    }
    const fetched = upstreams
      .calls('osdr')
      .slice(before)
      .flatMap((path) => /dataset\/(OSD-\d+)/.exec(path)?.[1] ?? [])
    expect(fetched.toSorted()).toEqual([...upstreams.datasets.keys()].toSorted())
  })

  it('keeps the datasets that arrived before a failure, and the next run continues there', async () => {
    const half = run('osdr-sync')
    await untilCalled(53)
    upstreams.fail('osdr', 'reset')
    expect(await half).toMatchObject({ outcome: 'failed' })
    const [{ n } = { n: 0 }] = await rows('select count(*)::int as n from space.osdr_items')
    expect(n).toBeGreaterThanOrEqual(50)
    expect(n).toBeLessThan(60)
    upstreams.heal()
    rig.setClock('2026-11-20T10:10:00Z')
    expect(await run('osdr-sync')).toMatchObject({ outcome: 'ok', detail: { inserted: 60 - Number(n) } })
  })

  it('quarantines an unreadable dataset and stores the others', async () => {
    upstreams.datasets.set('OSD-999', { accession: 'OSD-999' })
    expect(await run('osdr-sync')).toMatchObject({ outcome: 'ok', detail: { inserted: 60, quarantined: 1 } })
    expect(
      await rows(`select request, reason from space.upstream_answers where verdict = 'quarantined'`),
    ).toEqual([{ request: expect.stringContaining('OSD-999'), reason: 'study title is missing' }])
  })

  it('keeps a dataset that left the list, and all datasets if the list is unreadable', async () => {
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

  it('stores new datasets without an overview, too', async () => {
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
