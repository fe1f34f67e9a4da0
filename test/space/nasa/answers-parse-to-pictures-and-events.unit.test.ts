import { describe, expect, it } from 'vitest'
import { parseApproaches } from '../../../functions/space/nasa/parse-approaches.ts'
import { isNoPicture, parsePicture } from '../../../functions/space/nasa/parse-pictures.ts'
import { parseWeather } from '../../../functions/space/nasa/parse-weather.ts'
import * as answers from '../support/answers.ts'

const json = (value: unknown) => JSON.stringify(value)

const parse = (value: unknown) => parsePicture(json(value), '2018-10-30')

describe('parsePicture', () => {
  it('reads an image and joins its credit to one line', () => {
    expect(parse(answers.picture)).toMatchObject({
      value: { date: '2018-10-30', mediaType: 'image', copyright: 'Yin Hao', thumbnailUrl: null },
    })
  })

  it('turns a protocol-relative link into https, and drops links of other schemes', () => {
    const video = { ...answers.picture, media_type: 'video', hdurl: undefined }
    expect(parse({ ...video, url: '//www.youtube.com/embed/x' })).toHaveProperty(
      'value.url',
      'https://www.youtube.com/embed/x',
    )
    expect(parse({ ...video, url: 'javascript:alert(1)' })).toHaveProperty('value.url', null)
  })

  it('refuses the picture of another day, and a day that does not exist', () => {
    expect(parse({ ...answers.picture, date: '2018-10-31' })).toMatchObject({ ok: false })
    expect(parsePicture(json({ ...answers.picture, date: '2018-02-30' }), '2018-02-30')).toMatchObject({
      ok: false,
    })
  })

  it('tells apart "no picture" and "gone"', () => {
    const body = json({ code: 404, msg: 'No data available for date: 2026-09-16', service_version: 'v1' })
    expect(isNoPicture({ status: 404, body })).toBe(true)
    expect(parsePicture(body, '2026-09-16')).toEqual({ ok: true, value: null })
    expect(isNoPicture({ status: 404, body: '{}' })).toBe(false)
  })
})

describe('parseApproaches', () => {
  it('reads distances and speeds from text, and the moment from milliseconds', () => {
    const parsed = parseApproaches(json(answers.neoFeed))
    expect(parsed).toMatchObject({
      ok: true,
      value: [
        {
          neoId: '2138893',
          closeApproachDate: '2021-10-01',
          orbitingBody: 'Earth',
          approachAt: new Date('2021-10-01T21:58:00Z'),
          missDistanceKm: 64716712.9043186,
          velocityKmh: 61816.775190017,
          hazardous: false,
          sentry: null,
        },
      ],
    })
  })

  it('removes the API key', () => {
    expect(json(parseApproaches(json(answers.neoFeed)))).not.toContain('SECRET')
  })

  it('passes on https links only', () => {
    const linked = (link: string) =>
      parseApproaches(json(answers.neoFeed).replace(/"nasa_jpl_url":"[^"]*"/, `"nasa_jpl_url":${json(link)}`))
    expect(linked('http://ssd.jpl.nasa.gov/x')).toHaveProperty('value.0.jplUrl', 'https://ssd.jpl.nasa.gov/x')
    expect(linked('javascript:alert(1)')).toHaveProperty('value.0.jplUrl', null)
  })
})

describe('parseWeather', () => {
  it('reads a mass ejection with the speed of its most accurate analysis', () => {
    expect(parseWeather(json([answers.cme]), 'cme')).toMatchObject({
      value: [
        {
          eventId: '2017-01-03T03:12:00-CME-001',
          versionId: 2,
          rank: 645,
          linkedEvents: [],
          sourceLocation: null,
        },
      ],
    })
  })

  it('passes on https links only', () => {
    const linked = (link: string) => parseWeather(json([{ ...answers.cme, link }]), 'cme')
    expect(linked('http://kauai.ccmc.gsfc.nasa.gov/x')).toHaveProperty(
      'value.0.link',
      'https://kauai.ccmc.gsfc.nasa.gov/x',
    )
    expect(linked('javascript:alert(1)')).toHaveProperty('value.0.link', null)
  })

  it('reads a flare without an end', () => {
    expect(parseWeather(json([answers.flare]), 'flr')).toMatchObject({
      value: [
        {
          startedAt: new Date('2026-09-06T10:31:00Z'),
          peakAt: new Date('2026-09-06T10:42:00Z'),
          endedAt: null,
          classType: 'C5.0',
          rank: 2050,
          activeRegion: 14524,
          linkedEvents: ['2026-09-06T10:53:00-CME-001'],
        },
      ],
    })
  })

  it('reads a storm with its strongest Kp, and a notification', () => {
    expect(parseWeather(json([answers.storm]), 'gst')).toMatchObject({ value: [{ rank: 63 }] })
    expect(parseWeather(json([answers.notification]), 'notifications')).toMatchObject({
      value: [
        {
          eventId: '20251103-AL-003',
          versionId: 1,
          classType: 'CME',
          note: expect.stringContaining('O-type'),
        },
      ],
    })
  })

  it('reads an empty list and an empty body as no events', () => {
    expect(parseWeather('[]', 'cme')).toEqual({ ok: true, value: [] })
    expect(parseWeather('', 'cme')).toEqual({ ok: true, value: [] })
  })
})
