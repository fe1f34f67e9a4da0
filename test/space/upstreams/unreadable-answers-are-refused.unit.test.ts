import { describe, expect, it } from 'vitest'
import {
  parseCelestrak,
  parseSatnogs,
  parseWheretheissTle,
} from '../../../functions/space/iss/parse-elements.ts'
import { parseOpenNotify, parseWheretheiss } from '../../../functions/space/iss/parse-position.ts'
import { parseApproaches } from '../../../functions/space/nasa/parse-approaches.ts'
import { parsePicture } from '../../../functions/space/nasa/parse-pictures.ts'
import { parseWeather } from '../../../functions/space/nasa/parse-weather.ts'
import {
  parseDataset,
  parseDatasetList,
  parseOverview,
} from '../../../functions/space/osdr/parse-datasets.ts'
import * as answers from '../support/answers.ts'

describe('every parser', () => {
  const parsers: [string, (body: string) => { ok: boolean }][] = [
    ['wheretheiss', parseWheretheiss],
    ['open-notify', parseOpenNotify],
    ['CelesTrak', parseCelestrak],
    ['wheretheiss TLE', parseWheretheissTle],
    ['SatNOGS', parseSatnogs],
    ['OSDR list', parseDatasetList],
    ['OSDR overview', parseOverview],
    ['OSDR dataset', (body) => parseDataset(body, 'OSD-1')],
    ['APOD', (body) => parsePicture(body, '2018-10-30')],
    ['NeoWs', parseApproaches],
  ]
  for (const [name, parse] of parsers)
    it.each(answers.rubbish)(`refuses %s as an answer of ${name}`, (_, body) => {
      expect(parse(body)).toMatchObject({ ok: false, reason: expect.any(String) })
    })

  it.each(answers.rubbish.filter(([, body]) => body !== ''))(
    'refuses %s as an answer of DONKI',
    (_, body) => {
      expect(parseWeather(body, 'flr')).toMatchObject({ ok: false, reason: expect.any(String) })
    },
  )
})
