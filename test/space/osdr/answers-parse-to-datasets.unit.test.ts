import { describe, expect, it } from 'vitest'
import {
  canonical,
  parseDataset,
  parseDatasetList,
  parseOverview,
} from '../../../functions/space/osdr/parse-datasets.ts'
import * as answers from '../support/answers.ts'

const json = (value: unknown) => JSON.stringify(value)

describe('OSDR', () => {
  it('lists only accessions', () => {
    expect(parseDatasetList(json({ 'OSD-1': {}, 'OSD-120': {}, 'GLDS-7': {}, version: 2 }))).toEqual({
      ok: true,
      value: ['OSD-1', 'OSD-120', 'GLDS-7'],
    })
  })

  it('reads all fields of a dataset', () => {
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

  it('accepts lists in place of text, and blank fields', () => {
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

  it('reads both forms of a mission date, and refuses a day that does not exist', () => {
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

  it('detects a changed dataset in the overview, in any order of keys', () => {
    const row = { 'id.accession': 'OSD-1', 'investigation.study.study title': 'T' }
    const turned = Object.fromEntries(Object.entries(row).toReversed())
    const read = (one: unknown) => {
      const parsed = parseOverview(json([one]))
      return parsed.ok ? parsed.value.get('OSD-1') : null
    }
    expect(read(turned)).toBe(read(row))
    expect(read({ ...row, 'investigation.study.study title': 'U' })).not.toBe(read(row))
  })

  it('gives equal content the same canonical text', () => {
    expect(canonical({ b: [1, { d: null, c: 'x' }], a: 1 })).toBe('{"a":1,"b":[1,{"c":"x","d":null}]}')
  })
})
