import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { faults, isFault } from '../../dev/upstreams/faults.ts'
import { elementsAt, orbitAt } from '../../dev/upstreams/orbit.ts'
import { startUpstreams } from '../../dev/upstreams/server.ts'
import { unknownHealth } from '../../functions/core/circuit.ts'
import { callUpstream, notJson } from '../../functions/core/fetch.ts'
import { haversineKm } from '../../functions/space/iss/geometry.ts'
import { orbitOf, placeAt } from '../../functions/space/iss/orbit.ts'
import {
  isNotUpdated,
  parseCelestrak,
  parseSatnogs,
  parseWheretheissTle,
} from '../../functions/space/iss/parse-elements.ts'
import { parseOpenNotify, parseWheretheiss } from '../../functions/space/iss/parse-position.ts'
import { parseApproaches } from '../../functions/space/nasa/parse-approaches.ts'
import { parsePicture } from '../../functions/space/nasa/parse-pictures.ts'
import { parseWeather } from '../../functions/space/nasa/parse-weather.ts'
import { parseDataset, parseDatasetList, parseOverview } from '../../functions/space/osdr/parse-datasets.ts'
import { implausible } from '../../functions/space/rules.ts'
import { weatherTypes } from '../../schema/space/states.ts'

let now = new Date('2026-11-20T10:00:30Z')
const upstreams = await startUpstreams({ now: () => now })
afterAll(() => upstreams.close())
afterEach(() => {
  upstreams.reset()
  now = new Date('2026-11-20T10:00:30Z')
})

const get = async (path: string, headers: Record<string, string> = { 'x-api-key': 'demo' }) =>
  (await fetch(`${upstreams.url}${path}`, { headers, redirect: 'manual' })).text()

describe('the simulated upstreams', () => {
  it('agree on the position of the ISS to the metre', async () => {
    const wheretheiss = parseWheretheiss(await get('/wheretheiss/v1/satellites/25544'))
    const openNotify = parseOpenNotify(await get('/open-notify/iss-now.json'))
    const elements = parseCelestrak(await get('/celestrak/NORAD/elements/gp.php?CATNR=25544&FORMAT=JSON'))
    if (!wheretheiss.ok || !openNotify.ok || !elements.ok) throw new Error('an answer cannot be read')
    expect(implausible(wheretheiss.value, now)).toBeNull()
    expect(implausible(openNotify.value, now)).toBeNull()
    const own = placeAt(orbitOf(elements.value), wheretheiss.value.ts)
    if (!own) throw new Error('no place')
    expect(haversineKm(own, wheretheiss.value)).toBeLessThan(0.001)
    expect(haversineKm(own, openNotify.value)).toBeLessThan(0.02)
  })

  it('serve the same elements in two lines', async () => {
    const lines = [
      parseWheretheissTle(await get('/wheretheiss/v1/satellites/25544/tles')),
      parseSatnogs(await get('/satnogs/api/tle/?norad_cat_id=25544')),
    ]
    const omm = placeAt(orbitAt(now), now)
    for (const read of lines) {
      if (!read.ok) throw new Error(read.reason)
      const place = placeAt(orbitOf(read.value), now)
      // A TLE rounds its angles to 0.0001°, which is 12 m on this orbit.
      expect(omm && place ? haversineKm(omm, place) : Infinity).toBeLessThan(0.05)
    }
  })

  it('continue the orbit from one element set to the next for years', () => {
    for (const at of ['2026-09-15T10:00:00Z', '2026-11-20T12:00:00Z', '2028-02-29T00:00:00Z']) {
      const [before, after] = [new Date(Date.parse(at) - 1), new Date(at)]
      expect(elementsAt(before).EPOCH).not.toBe(elementsAt(after).EPOCH)
      const [a, b] = [placeAt(orbitAt(before), after), placeAt(orbitAt(after), after)]
      expect(a && b ? haversineKm(a, b) : Infinity).toBeLessThan(2)
    }
  })

  it('answer "not updated" within two hours, like CelesTrak', async () => {
    const path = '/celestrak/NORAD/elements/gp.php?CATNR=25544&FORMAT=JSON'
    now = new Date('2026-11-21T10:00:00Z')
    expect(parseCelestrak(await get(path)).ok).toBe(true)
    now = new Date('2026-11-21T11:59:00Z')
    expect(isNotUpdated(await get(path))).toBe(true)
    now = new Date('2026-11-21T12:00:01Z')
    expect(parseCelestrak(await get(path)).ok).toBe(true)
  })

  it('serve 640 readable datasets, each in the list and in the overview', async () => {
    const list = parseDatasetList(await get('/osdr/biodata/api/v2/datasets/?format=json'))
    const overview = parseOverview(
      await get(
        '/osdr/biodata/api/v2/query/datasets/?id.accession&investigation.study.study%20title&format=json.records',
      ),
    )
    if (!list.ok || !overview.ok) throw new Error('the catalogue cannot be read')
    expect(list.value).toHaveLength(640)
    expect([...overview.value.keys()]).toEqual(list.value)
    for (const accession of list.value)
      expect(
        parseDataset(await get(`/osdr/biodata/api/v2/dataset/${accession}/?format=json`), accession),
      ).toMatchObject({ ok: true })
  })

  it('serve readable pictures, asteroids and space weather', async () => {
    for (let day = 0; day < 40; day += 1) {
      const date = new Date(Date.parse('2026-10-01') + day * 86_400_000).toISOString().slice(0, 10)
      expect(parsePicture(await get(`/apod/planetary/apod?date=${date}&thumbs=true`), date)).toMatchObject({
        ok: true,
        value: { date },
      })
    }
    const week = await get('/apod/planetary/apod?start_date=2026-11-14&end_date=2026-11-20')
    expect(JSON.parse(week)).toHaveLength(7)
    const feed = parseApproaches(
      await get('/neows/neo/rest/v1/feed?start_date=2026-11-14&end_date=2026-11-20'),
    )
    expect(feed.ok && feed.value.length).toBeGreaterThan(20)
    for (const [type, path] of weatherTypes.map(
      (type) => [type, type === 'notifications' ? type : type.toUpperCase()] as const,
    )) {
      const events = parseWeather(
        await get(`/donki/DONKI/${path}?startDate=2026-10-21&endDate=2026-11-20`),
        type,
      )
      expect(events.ok && events.value.length).toBeGreaterThan(0)
      expect(await get(`/ccmc/DONKI/WS/get/${path}?startDate=2026-10-21&endDate=2026-11-20`, {})).toContain(
        '2026-1',
      )
    }
  })

  it('refuse a call without a key where NASA does', async () => {
    for (const path of [
      '/apod/planetary/apod',
      '/neows/neo/rest/v1/feed?start_date=2026-11-14',
      '/donki/DONKI/CME',
    ])
      expect(await get(path, {})).toContain('API_KEY_MISSING')
  })
})

describe('each fault', () => {
  const harmless = new Set(['quota-zero', 'status-429-retry-soon', 'odd-element'])
  const wheretheiss = {
    name: 'wheretheiss',
    timeoutMs: 200,
    maxBytes: 64 * 1024,
    retries: 1 as const,
    unusable: notJson,
  }

  it.each(Object.keys(faults))('is detected by the caller: %s', async (fault) => {
    if (!isFault(fault)) throw new Error(fault)
    upstreams.fail('wheretheiss', fault, fault === 'status-429-retry-soon' ? { times: 1 } : {})
    // Only a fault must outlast its time: a busy machine takes longer for a good answer.
    const upstream = harmless.has(fault) ? { ...wheretheiss, timeoutMs: 30_000 } : wheretheiss
    const called = await callUpstream(upstream, {
      url: `${upstreams.url}/wheretheiss/v1/satellites/25544`,
      health: unknownHealth,
      budgetMs: 60_000,
    })
    const read = called.ok ? parseWheretheiss(called.answer.body) : null
    const usable = read?.ok === true && implausible(read.value, now) === null
    expect(usable).toBe(harmless.has(fault))
  })
})

describe('the switches', () => {
  const switched = async (method: string, path: string, body?: unknown) =>
    fetch(`${upstreams.url}/control/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })

  it('turn a fault on for a number of requests, and off', async () => {
    await switched('PUT', 'faults/osdr', { fault: 'status-500', times: 1 })
    expect(await get('/osdr/biodata/api/v2/datasets/')).toContain('Internal Service Error')
    expect(await get('/osdr/biodata/api/v2/datasets/')).toContain('OSD-1')
    await switched('PUT', 'faults/osdr', { fault: 'html-with-200' })
    expect(await get('/osdr/biodata/api/v2/datasets/')).toContain('<html>')
    await switched('DELETE', 'faults')
    expect(await get('/osdr/biodata/api/v2/datasets/')).toContain('OSD-1')
  })

  it('change a dataset and revise an event', async () => {
    await switched('PATCH', 'osdr/OSD-7', { 'study title': 'Quite another title' })
    expect(await get('/osdr/biodata/api/v2/dataset/OSD-7/')).toContain('Quite another title')
    const [event] = JSON.parse(await get('/donki/DONKI/CME?startDate=2026-10-21&endDate=2026-11-20'))
    await switched('PATCH', `donki/${event.activityID}`, { versionId: 9 })
    const [revised] = JSON.parse(await get('/donki/DONKI/CME?startDate=2026-10-21&endDate=2026-11-20'))
    expect(revised).toMatchObject({ activityID: event.activityID, versionId: 9 })
  })

  it('list the calls so far and the switches', async () => {
    await get('/satnogs/api/tle/?norad_cat_id=25544')
    expect(upstreams.calls('satnogs')).toEqual(['/api/tle/?norad_cat_id=25544'])
    const shown = await (await switched('GET', '')).json()
    expect(shown).toMatchObject({ calls: { satnogs: 1 }, datasets: 640, faults: Object.keys(faults) })
    expect((await switched('PUT', 'faults/osdr', { fault: 'nonsense' })).status).toBe(400)
  })
})
