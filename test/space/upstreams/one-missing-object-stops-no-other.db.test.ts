import { beforeEach, describe, expect, it } from 'vitest'
import { readDataset } from '../../../functions/space/osdr/read-dataset.ts'
import { spaceRig } from '../support/rig.ts'

const rig = await spaceRig({ datasets: 3 })
const { admin, upstreams, run, rows } = rig

beforeEach(rig.reset)

const datasets = async () =>
  (await rows('select dataset_id as id from space.osdr_items order by 1')).map(({ id }) => id)
const days = async () =>
  (await rows('select date::text as day from space.apod order by 1')).map(({ day }) => day)
const misses = () => rows('select upstream, object, failures from space.upstream_misses order by 1, 2')

describe('a dataset that cannot be fetched', () => {
  it.each(['status-404', 'status-500', 'html-with-200', 'huge', 'timeout', 'wrong-types'] as const)(
    'is passed over and counted, and the others arrive: %s',
    async (fault) => {
      upstreams.fail('osdr', fault, { matching: '/dataset/OSD-1/' })
      expect(await run('osdr-sync')).toMatchObject({
        outcome: 'ok',
        rows: 2,
        detail: { fetched: 2, passedOver: 1, remaining: 0 },
      })
      expect(await datasets()).toEqual(['OSD-2', 'OSD-3'])
      expect(await misses()).toEqual([{ upstream: 'osdr', object: 'OSD-1', failures: 1 }])
      upstreams.heal()
      expect(await run('osdr-sync')).toMatchObject({ outcome: 'ok', rows: 1, detail: { passedOver: 0 } })
      expect(await datasets()).toEqual(['OSD-1', 'OSD-2', 'OSD-3'])
      expect(await misses()).toEqual([])
    },
  )

  it('is tried again after growing pauses', async () => {
    upstreams.fail('osdr', 'status-404', { matching: '/dataset/OSD-1/' })
    const tries = async () => {
      const before = upstreams.calls('osdr').filter((path) => path.includes('/dataset/OSD-1/')).length
      await run('osdr-sync')
      return upstreams.calls('osdr').filter((path) => path.includes('/dataset/OSD-1/')).length - before
    }
    const tried = []
    for (let hours = 0; hours <= 36; hours += 6) {
      rig.setClock(new Date(Date.parse('2026-11-20T10:00:30Z') + hours * 3_600_000).toISOString())
      tried.push(await tries())
    }
    expect(tried).toEqual([1, 1, 1, 0, 0, 1, 0])
  })

  it('is "not yet" to its readers, not "not found"', async () => {
    upstreams.fail('osdr', 'status-500', { matching: '/dataset/OSD-1/' })
    await run('osdr-sync')
    expect(await readDataset(rig.ctx(), 'OSD-1')).toMatchObject({ ok: false, reason: 'no_data_yet' })
    expect(await readDataset(rig.ctx(), 'OSD-99')).toMatchObject({ data: [] })
    upstreams.heal()
    await run('osdr-sync')
    expect(await readDataset(rig.ctx(), 'OSD-1')).toMatchObject({ data: [{ accession: 'OSD-1' }] })
  })

  /** Ten datasets that fail stand before two sound ones. The circuit opens after five failures in a row. */
  const threeRuns = async (betweenRuns: () => Promise<unknown>) => {
    upstreams.datasets.clear()
    for (const number of [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 2, 3])
      upstreams.datasets.set(`OSD-${number}`, { accession: `OSD-${number}`, 'study title': 'x' })
    upstreams.fail('osdr', 'status-500', { matching: '/dataset/OSD-1' })
    for (const hour of ['04', '10', '16']) {
      rig.setClock(`2026-11-20T${hour}:00:30Z`)
      await run('osdr-sync')
      await betweenRuns()
    }
    return datasets()
  }

  it('goes behind the others, so that even ten failures in front stop none for good', async () => {
    expect(await threeRuns(async () => undefined)).toEqual(['OSD-2', 'OSD-3'])
  })

  it('would stop the others for good if its misses were forgotten', async () => {
    expect(await threeRuns(() => admin.query('delete from space.upstream_misses'))).toEqual([])
  })
})

describe('a day without a picture', () => {
  it.each(['status-500', 'status-404', 'wrong-types', 'html-with-200'] as const)(
    'is passed over, and the other days arrive: %s',
    async (fault) => {
      upstreams.fail('apod', fault, { matching: 'date=2026-11-17' })
      expect(await run('apod')).toMatchObject({ outcome: 'ok', rows: 6, detail: { passedOver: 1 } })
      expect(await days()).not.toContain('2026-11-17')
      expect(await misses()).toEqual([{ upstream: 'apod', object: '2026-11-17', failures: 1 }])
      upstreams.heal()
      rig.setClock('2026-11-20T16:00:30Z')
      expect(await run('apod')).toMatchObject({ outcome: 'ok', rows: 1 })
      expect(await misses()).toEqual([])
    },
  )

  it('is never asked for as a part of a range', async () => {
    await run('apod')
    expect(upstreams.calls('apod').filter((path) => path.includes('start_date'))).toEqual([])
  })
})

describe('a list that cannot be fetched', () => {
  it.each(['status-500', 'status-404', 'reset', 'html-with-200'] as const)(
    'stops no other list of DONKI: %s',
    async (fault) => {
      for (const name of ['donki', 'ccmc'] as const) upstreams.fail(name, fault, { matching: '/CME' })
      expect(await run('donki')).toMatchObject({ outcome: 'failed' })
      expect(await rows('select distinct type from space.donki_events order by 1')).toEqual(
        ['flr', 'gst', 'notifications'].map((type) => ({ type })),
      )
      expect(await rows('select copy from space.copy_coverage order by 1')).toEqual(
        ['flr', 'gst', 'notifications'].map((copy) => ({ copy })),
      )
    },
  )

  it('stops no other window of NeoWs, and is requested again in the next run', async () => {
    upstreams.fail('neows', 'status-500', { matching: 'start_date=2026-11-19' })
    expect(await run('neo')).toMatchObject({ outcome: 'failed' })
    expect(await rows('select covered::text from space.copy_coverage')).toEqual([
      { covered: '{[2026-11-26,2026-12-10)}' },
    ])
    upstreams.heal()
    await run('neo')
    expect(await rows('select covered::text from space.copy_coverage')).toEqual([
      { covered: '{[2026-11-19,2026-12-10)}' },
    ])
  })
})

describe('an odd element', () => {
  it.each([
    ['neo', 'neows', 'space.neo_approaches', 'estimated_diameter is not an object'],
    ['donki', 'donki', 'space.donki_events', 'versionId is missing'],
  ] as const)(
    'of %s is quarantined, and the sound ones of its list are stored',
    async (job, upstream, table, reason) => {
      await run(job)
      const [all] = await rows(`select count(*)::int as n from ${table}`)
      await rig.reset()
      upstreams.fail(upstream, 'odd-element')
      upstreams.fail('ccmc', 'odd-element')
      expect(await run(job)).toMatchObject({ ran: true, detail: { quarantined: expect.any(Number) } })
      const [lost] = await rows(
        `select count(*)::int as n from space.upstream_answers where upstream = $1 and verdict <> 'accepted'`,
        [upstream],
      )
      expect(lost?.['n']).toBeGreaterThan(0)
      expect(await rows(`select count(*)::int as n from ${table}`)).toEqual([
        { n: Number(all?.['n']) - Number(lost?.['n']) },
      ])
      const kept = await rows(`select distinct reason from space.upstream_answers where verdict = 'partial'`)
      expect(kept).toEqual([{ reason: `1 left out: ${reason}` }])
    },
  )
})
