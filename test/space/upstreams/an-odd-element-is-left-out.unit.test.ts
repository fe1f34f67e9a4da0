import { describe, expect, it } from 'vitest'
import { parseCelestrak } from '../../../functions/space/iss/parse-elements.ts'
import { parseApproaches } from '../../../functions/space/nasa/parse-approaches.ts'
import { parseWeather } from '../../../functions/space/nasa/parse-weather.ts'
import { parseOverview } from '../../../functions/space/osdr/parse-datasets.ts'
import * as answers from '../support/answers.ts'
import { issElements } from '../support/elements.ts'

const json = (value: unknown) => JSON.stringify(value)
const [sound] = answers.neoFeed.near_earth_objects['2021-10-01']
const feed = (...objects: unknown[]) =>
  parseApproaches(json({ near_earth_objects: { '2021-10-01': objects } }))
const other = { ...sound, id: '99' }

describe('a list with one odd element', () => {
  it.each([
    ['no diameter', { ...sound, estimated_diameter: null }, 'estimated_diameter is not an object'],
    ['no name', { ...sound, name: ' ' }, 'name is missing'],
    ['an id that is a list', { ...sound, id: ['1', '2'] }, 'id is not an id'],
    [
      'another day than its moment',
      { ...sound, close_approach_data: [{ ...sound?.close_approach_data[0], epoch_date_close_approach: 0 }] },
      'epoch_date_close_approach is not on close_approach_date',
    ],
    ['nothing', null, 'an object is not an object'],
  ])('keeps the sound asteroids beside one with %s', (_, odd, reason) => {
    expect(feed(other, odd)).toMatchObject({ ok: true, value: [{ neoId: '99' }], odd: [reason] })
    expect(feed(odd, other)).toMatchObject({ ok: true, value: [{ neoId: '99' }], odd: [reason] })
  })

  it('keeps the sound asteroids beside a day that is no list', () => {
    const days = { '2021-10-01': [other], '2021-10-02': null }
    expect(parseApproaches(json({ near_earth_objects: days }))).toMatchObject({
      value: [{ neoId: '99' }],
      odd: ['an object is not an object'],
    })
  })

  it.each([
    ['no version', { versionId: null }],
    ['a version that no integer column holds', { versionId: 1e12 }],
    ['half a version', { versionId: 1.5 }],
    ['no id', { activityID: null }],
    ['a start on 30 February', { startTime: '2017-02-30T03:12Z' }],
    ['a speed faster than any', { cmeAnalyses: [{ isMostAccurate: true, speed: 1e9 }] }],
  ])('keeps the sound events beside one with %s', (_, change) => {
    const odd = { ...answers.cme, ...change }
    const parsed = parseWeather(json([odd, { ...answers.cme, activityID: 'sound' }]), 'cme')
    expect(parsed).toMatchObject({ ok: true, value: [{ eventId: 'sound' }] })
    expect(parsed.ok && parsed.odd).toHaveLength(1)
  })

  it('keeps the sound rows of an overview', () => {
    const rows = [{ 'id.accession': null }, { 'id.accession': 'OSD-2' }]
    const parsed = parseOverview(json(rows))
    expect(parsed.ok && [...parsed.value.keys()]).toEqual(['OSD-2'])
  })

  it('gives the first sound element set', () => {
    expect(parseCelestrak(json([{ ...issElements, BSTAR: ' ' }, issElements]))).toEqual({
      ok: true,
      value: issElements,
    })
  })

  it('is refused when no element is sound, and accepted when there is none', () => {
    expect(feed({ ...sound, name: null })).toEqual({ ok: false, reason: 'name is missing' })
    expect(feed()).toEqual({ ok: true, value: [] })
  })
})
