import { beforeAll, describe, expect, it } from 'vitest'
import { untilLasts } from '../../support/lasting.ts'
import { spaceWorker } from '../support/space-worker.ts'

await untilLasts('day', 90)
const { admin, get, json, runJobs, upstreams } = await spaceWorker()
const dayMs = 86_400_000
const day = (days: number) => new Date(Date.now() + days * dayMs).toISOString().slice(0, 10)
const moment = (days: number) => new Date(Date.now() + days * dayMs).toISOString()

beforeAll(() => runJobs('elements', 'iss-position', 'neo', 'donki'))

const lists = [
  ['/neo', day(-1), day(19)],
  ['/donki/cme', day(-27), day(0)],
  ['/donki/flr', day(-27), day(0)],
  ['/donki/gst', day(-27), day(0)],
  ['/donki/notifications', day(-27), day(0)],
] as const

describe('a list that is copied window by window', () => {
  it.each(lists)('%s states the days that it covers', async (path, coveredFrom, coveredUntil) => {
    expect(await json(path)).toMatchObject({ coveredFrom, coveredUntil, stale: false })
    // A window that begins earlier is answered as far as it is covered.
    expect(await json(`${path}?from=${day(-100)}&to=${coveredUntil}`)).toMatchObject({
      coveredFrom,
      coveredUntil,
    })
  })

  for (const [path, coveredFrom, coveredUntil] of lists)
    it.each([
      `${path}?from=2020-01-01&to=2020-01-08`,
      `${path}?to=2020-01-31`,
      `${path}?from=2031-01-01`,
      `${path}?from=${day(60)}&to=${day(70)}`,
    ])('%s, outside of the covered days, is 422 with the range, never an empty list', async (outside) => {
      const response = await get(outside)
      expect(response.status).toBe(422)
      expect(await response.json()).toMatchObject({
        code: 'not_covered',
        retryable: false,
        coveredFrom,
        coveredUntil,
        detail: `Data is available from ${coveredFrom} to ${coveredUntil}`,
      })
    })

  it('does not pass over a gap: it answers the newest covered part of the window', async () => {
    const kept = await admin.query('select * from space.copy_coverage')
    await admin.query(
      `update space.copy_coverage set covered = covered - datemultirange(daterange($1::date, $2::date, '[]')) where copy = 'cme'`,
      [day(-20), day(-10)],
    )
    const all = await json('/donki/cme?limit=200')
    expect(all).toMatchObject({ coveredFrom: day(-9), coveredUntil: day(0) })
    expect(all.data.every(({ startedAt }) => String(startedAt) >= day(-9))).toBe(true)
    const older = await json(`/donki/cme?from=${day(-27)}&to=${day(-15)}&limit=200`)
    expect(older).toMatchObject({ coveredFrom: day(-27), coveredUntil: day(-21) })
    expect((await get(`/donki/cme?from=${day(-18)}&to=${day(-12)}`)).status).toBe(422)
    for (const { copy, covered } of kept.rows)
      await admin.query('update space.copy_coverage set covered = $2 where copy = $1', [copy, covered])
    expect((await json('/donki/cme')).data.length).toBeGreaterThan(0)
  })

  it('answers an empty list, not 503, for covered days on which nothing happened', async () => {
    await admin.query('delete from space.donki_events')
    expect(await json('/donki/cme')).toMatchObject({ data: [], stale: false, coveredUntil: day(0) })
  })

  it('is as old as its own last answer, although its upstream answers other lists', async () => {
    await admin.query(
      `update space.copy_coverage set read_at = now() - interval '3 hours' where copy in ('cme', 'flr')`,
    )
    for (const name of ['donki', 'ccmc'] as const) upstreams.fail(name, 'status-500', { matching: '/CME' })
    await runJobs('donki')
    upstreams.heal()
    expect(await json('/donki/flr')).toMatchObject({ stale: false })
    expect(await json('/donki/cme')).toMatchObject({ stale: true })
  })
})

describe('the log of positions', () => {
  it('states the moments that it covers, and refuses a range outside with 422', async () => {
    const { rows } = await admin.query(
      'select core.iso(min(ts)) as first, core.iso(max(ts)) as last from space.iss_fetch_log',
    )
    const covered = { coveredFrom: rows[0].first, coveredUntil: rows[0].last }
    expect(await json('/iss/positions')).toMatchObject({ ...covered, stale: false })
    for (const [from, to] of [
      [moment(-9), moment(-8)],
      [moment(0.5), moment(0.9)],
      ['2001-01-01T00:00:00Z', '2001-01-02T00:00:00Z'],
    ]) {
      const response = await get(`/iss/positions?from=${from}&to=${to}`)
      expect([from, response.status]).toEqual([from, 422])
      expect(await response.json()).toMatchObject({ code: 'not_covered', ...covered })
    }
  })

  it('answers a reader that continues from the last fix', async () => {
    const { coveredUntil } = await json('/iss/positions')
    const next = new Date(Date.parse(String(coveredUntil)) + 1_000).toISOString()
    expect(await json(`/iss/positions?from=${next}`)).toMatchObject({ data: [], coveredUntil })
  })
})

describe('a moment without elements', () => {
  it.each(['/iss/at?ts=', '/iss/track?from='])(
    '%s is 422 with the range that can be computed, and no invitation to retry',
    async (path) => {
      const { rows } = await admin.query(
        `select min(epoch) - interval '30 days' as first, max(epoch) + interval '30 days' as last from space.elements`,
      )
      const response = await get(`${path}2001-01-01T00:00:00Z`)
      expect(response.status).toBe(422)
      expect(response.headers.get('retry-after')).toBeNull()
      expect(await response.json()).toMatchObject({
        code: 'not_covered',
        coveredFrom: rows[0].first.toISOString(),
        coveredUntil: rows[0].last.toISOString(),
      })
      expect((await get(`${path}${moment(-25)}`)).status).toBe(200)
    },
  )
})
