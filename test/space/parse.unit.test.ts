import { describe, expect, it } from 'vitest'
import {
  isNotUpdated,
  parseCelestrak,
  parseSatnogs,
  parseWheretheissTle,
} from '../../functions/space/iss/parse-elements.ts'
import { parseOpenNotify, parseWheretheiss } from '../../functions/space/iss/parse-position.ts'
import { parseApproaches } from '../../functions/space/nasa/parse-approaches.ts'
import { isNoPictureYet, parsePictures } from '../../functions/space/nasa/parse-pictures.ts'
import { parseWeather } from '../../functions/space/nasa/parse-weather.ts'
import {
  canonical,
  parseDataset,
  parseDatasetList,
  parseOverview,
} from '../../functions/space/osdr/parse-datasets.ts'
import * as answers from './fixtures/answers.ts'
import { issElements, issTle } from './fixtures/elements.ts'

const json = (value: unknown) => JSON.stringify(value)

describe('parseWheretheiss', () => {
  it('takes what is used and lets the rest pass', () => {
    expect(parseWheretheiss(json(answers.wheretheiss))).toEqual({
      ok: true,
      value: {
        noradId: 25544,
        ts: new Date('2022-08-03T06:55:44Z'),
        latitude: -24.135574363392,
        longitude: -111.86401960141,
        altitudeKm: 425.37210858971,
        velocityKmh: 27557.51464498,
        visibility: 'eclipsed',
        source: 'wheretheiss',
      },
    })
  })

  it('takes numbers that come as text', () => {
    expect(parseWheretheiss(json({ ...answers.wheretheiss, latitude: '-24.1', id: '25544' }))).toHaveProperty(
      'value.latitude',
      -24.1,
    )
  })

  it.each([
    ['miles', { units: 'miles' }],
    ['milliseconds', { timestamp: 1659509744000 }],
    ['no latitude', { latitude: undefined }],
    ['a latitude of words', { latitude: 'north' }],
    ['a latitude in a list', { latitude: [1] }],
    ['an unknown light', { visibility: 'bright' }],
  ])('refuses %s', (_, wrong) => {
    expect(parseWheretheiss(json({ ...answers.wheretheiss, ...wrong }))).toMatchObject({ ok: false })
  })
})

describe('parseOpenNotify', () => {
  it('reads texts as numbers and invents neither height nor speed', () => {
    expect(parseOpenNotify(json(answers.openNotify))).toMatchObject({
      ok: true,
      value: {
        latitude: -51.4346,
        longitude: 6.605,
        altitudeKm: null,
        velocityKmh: null,
        visibility: null,
        source: 'open-notify',
      },
    })
  })

  it('refuses what does not say success', () => {
    expect(parseOpenNotify(json({ ...answers.openNotify, message: 'failure' }))).toMatchObject({ ok: false })
  })
})

describe('elements', () => {
  it('come as OMM from CelesTrak', () => {
    expect(parseCelestrak(json([{ ...issElements, MEAN_MOTION_DOT: '5.779e-5' }]))).toEqual({
      ok: true,
      value: issElements,
    })
  })

  it('come as two lines from wheretheiss and SatNOGS', () => {
    expect(parseWheretheissTle(json(answers.wheretheissTle))).toHaveProperty('value.MEAN_MOTION', 15.52100765)
    const [tle0, tle1, tle2] = issTle
    expect(
      parseSatnogs(json([{ tle0: `0 ${tle0}`, tle1, tle2, tle_source: 'x', norad_cat_id: 25544 }])),
    ).toHaveProperty('value.OBJECT_NAME', 'ISS (ZARYA)')
  })

  it('are known not to be newer by the text of the answer, whatever its status', () => {
    expect(isNotUpdated('GP data has not updated since your last successful\ndownload of GROUP=active')).toBe(
      true,
    )
    expect(isNotUpdated(json([issElements]))).toBe(false)
    expect(parseCelestrak('No GP data found')).toMatchObject({ ok: false })
  })

  it.each([
    ['of another satellite', { NORAD_CAT_ID: 20580 }],
    ['of another inclination', { INCLINATION: 28.5 }],
    ['of another height', { MEAN_MOTION: 14.2 }],
    ['of no moment', { EPOCH: 'yesterday' }],
    ['that would fall tomorrow', { BSTAR: 1 }],
    ['without drag', { BSTAR: null }],
  ])('are refused when they are %s', (_, wrong) => {
    expect(parseCelestrak(json([{ ...issElements, ...wrong }]))).toMatchObject({ ok: false })
  })
})

describe('OSDR', () => {
  it('lists accessions and nothing else', () => {
    expect(parseDatasetList(json({ 'OSD-1': {}, 'OSD-120': {}, 'GLDS-7': {}, version: 2 }))).toEqual({
      ok: true,
      value: ['OSD-1', 'OSD-120', 'GLDS-7'],
    })
  })

  it('reads a dataset whole', () => {
    expect(parseDataset(json(answers.dataset), 'OSD-1')).toMatchObject({
      ok: true,
      value: {
        datasetId: 'OSD-1',
        title: 'Expression data from drosophila melanogaster',
        releaseDate: '2017-06-08',
        organism: 'Drosophila melanogaster',
        material: 'Whole Organism',
        project: null,
        projectType: 'Spaceflight Study',
        mission: { name: 'STS-121', startDate: '2006-07-04', endDate: '2006-07-17' },
        assayTypes: ['DNA microarray'],
      },
    })
  })

  it('takes lists where others send text, and nothing where nothing is', () => {
    const metadata = {
      'study title': ['A', 'B'],
      organism: ['Mus musculus', 'Homo sapiens'],
      'study assay technology type': ['RNA Sequencing (RNA-Seq)', 'Photography'],
      mission: { 'end date': '', 'start date': '', name: '' },
    }
    expect(parseDataset(json({ 'OSD-2': { metadata } }), 'OSD-2')).toMatchObject({
      value: {
        title: 'A, B',
        organism: 'Mus musculus, Homo sapiens',
        assayTypes: ['RNA Sequencing (RNA-Seq)', 'Photography'],
        mission: null,
        releaseDate: null,
        description: null,
      },
    })
  })

  it('reads both forms of a mission date, and keeps out a day that does not exist', () => {
    const withDates = (start: string, end: string) =>
      parseDataset(
        json({
          'OSD-3': {
            metadata: { 'study title': 'x', mission: { name: 'm', 'start date': start, 'end date': end } },
          },
        }),
        'OSD-3',
      )
    expect(withDates('9/21/14', '10/25/2014')).toHaveProperty('value.mission', {
      name: 'm',
      startDate: '2014-09-21',
      endDate: '2014-10-25',
    })
    expect(withDates('02/30/2014', 'spring')).toHaveProperty('value.mission', {
      name: 'm',
      startDate: null,
      endDate: null,
    })
  })

  it('refuses the answer for another dataset', () => {
    expect(parseDataset(json(answers.dataset), 'OSD-2')).toMatchObject({ ok: false })
  })

  it('knows a changed dataset from the overview, and the order of keys is no change', () => {
    const row = { 'id.accession': 'OSD-1', 'investigation.study.study title': 'T' }
    const turned = Object.fromEntries(Object.entries(row).toReversed())
    const read = (one: unknown) => {
      const parsed = parseOverview(json([one]))
      return parsed.ok ? parsed.value.get('OSD-1') : null
    }
    expect(read(turned)).toBe(read(row))
    expect(read({ ...row, 'investigation.study.study title': 'U' })).not.toBe(read(row))
  })

  it('gives equal content equal text', () => {
    expect(canonical({ b: [1, { d: null, c: 'x' }], a: 1 })).toBe('{"a":1,"b":[1,{"c":"x","d":null}]}')
  })
})

describe('parsePictures', () => {
  it('reads an image, its credit on one line', () => {
    expect(parsePictures(json(answers.picture))).toMatchObject({
      value: [{ date: '2018-10-30', mediaType: 'image', copyright: 'Yin Hao', thumbnailUrl: null }],
    })
  })

  it('makes https of a protocol-relative player, and passes on no other scheme', () => {
    const video = { ...answers.picture, media_type: 'video', hdurl: undefined }
    expect(parsePictures(json({ ...video, url: '//www.youtube.com/embed/x' }))).toHaveProperty(
      'value.0.url',
      'https://www.youtube.com/embed/x',
    )
    expect(parsePictures(json({ ...video, url: 'javascript:alert(1)' }))).toHaveProperty('value.0.url', null)
  })

  it('refuses a day that does not exist', () => {
    expect(parsePictures(json({ ...answers.picture, date: '2018-02-30' }))).toMatchObject({ ok: false })
  })

  it('knows "not yet" from "gone"', () => {
    const body = json({ code: 404, msg: 'No data available for date: 2026-09-16', service_version: 'v1' })
    expect(isNoPictureYet({ status: 404, body })).toBe(true)
    expect(parsePictures(body)).toEqual({ ok: true, value: [] })
    expect(isNoPictureYet({ status: 404, body: '{}' })).toBe(false)
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
          sentry: false,
        },
      ],
    })
  })

  it('lets no API key through', () => {
    expect(json(parseApproaches(json(answers.neoFeed)))).not.toContain('SECRET')
  })

  it('passes no link on that is not https', () => {
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

  it('passes no link on that is not https', () => {
    const linked = (link: string) => parseWeather(json([{ ...answers.cme, link }]), 'cme')
    expect(linked('http://kauai.ccmc.gsfc.nasa.gov/x')).toHaveProperty(
      'value.0.link',
      'https://kauai.ccmc.gsfc.nasa.gov/x',
    )
    expect(linked('javascript:alert(1)')).toHaveProperty('value.0.link', null)
  })

  it('reads a flare, its end still open', () => {
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

  it('takes an empty list and an empty body for no events', () => {
    expect(parseWeather('[]', 'cme')).toEqual({ ok: true, value: [] })
    expect(parseWeather('', 'cme')).toEqual({ ok: true, value: [] })
  })
})

describe('every reader', () => {
  const readers: [string, (body: string) => { ok: boolean }][] = [
    ['wheretheiss', parseWheretheiss],
    ['open-notify', parseOpenNotify],
    ['CelesTrak', parseCelestrak],
    ['wheretheiss TLE', parseWheretheissTle],
    ['SatNOGS', parseSatnogs],
    ['OSDR list', parseDatasetList],
    ['OSDR overview', parseOverview],
    ['OSDR dataset', (body) => parseDataset(body, 'OSD-1')],
    ['APOD', parsePictures],
    ['NeoWs', parseApproaches],
  ]
  for (const [name, read] of readers)
    it.each(answers.rubbish)(`refuses %s: ${name}`, (_, body) => {
      expect(read(body)).toMatchObject({ ok: false, reason: expect.any(String) })
    })

  it.each(answers.rubbish.filter(([, body]) => body !== ''))('refuses %s: DONKI', (_, body) => {
    expect(parseWeather(body, 'flr')).toMatchObject({ ok: false, reason: expect.any(String) })
  })
})
