import { beforeEach, describe, expect, it } from 'vitest'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig()
const { upstreams, run, rows } = rig

beforeEach(rig.reset)

describe('apod', () => {
  it('fetches each day of the last week first, then makes no call until the next day', async () => {
    expect(await run('apod')).toMatchObject({ outcome: 'ok', rows: 7 })
    expect(await run('apod')).toMatchObject({ outcome: 'skipped' })
    expect(upstreams.calls('apod')).toHaveLength(7)
    rig.setClock('2026-11-21T06:00:00Z')
    expect(await run('apod')).toMatchObject({ outcome: 'ok', rows: 1 })
    expect(upstreams.calls('apod').at(-1)).toContain('date=2026-11-21')
  })

  it('requests the Eastern day, which early in the UTC day is yesterday', async () => {
    rig.setClock('2026-11-21T03:00:00Z')
    await run('apod')
    expect(await rows('select max(date)::text as newest from space.apod')).toEqual([{ newest: '2026-11-20' }])
  })
})

describe('neo', () => {
  it('requests three weeks ahead in windows of seven days, then one window a run', async () => {
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
  it('keeps every version of an event and shows the newest', async () => {
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

  it('stores the other types if the list of one is unreadable', async () => {
    for (const name of ['donki', 'ccmc'] as const) upstreams.fail(name, 'wrong-types', { matching: '/CME' })
    expect(await run('donki')).toMatchObject({ outcome: 'failed', detail: { quarantined: 8 } })
    expect(await rows('select distinct type from space.donki_events order by 1')).toEqual(
      ['flr', 'gst', 'notifications'].map((type) => ({ type })),
    )
  })

  it('calls CCMC instead of NASA while the quota of NASA is used up', async () => {
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
