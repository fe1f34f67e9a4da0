import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { instant } from '../../functions/http/fields.ts'
import { freshDatabase } from '../support/database.ts'

const { admin } = await freshDatabase()
const passes = (moment: string) => instant.safeParse(moment).success

describe('a moment that a caller sends', () => {
  it.each([
    '9999-12-31T23:59:59-12:00',
    '9999-12-31T23:59:59.9999999Z',
    '0001-01-01T00:00:00+00:01',
    '0000-12-31T23:00:00-02:00',
    '2026-11-20T09:30:00+16:00',
    '2026-11-20T09:30:00-23:59',
    `2026-11-20T09:30:00.${'1'.repeat(200)}Z`,
  ])('is refused when it leaves the years 1 to 9999, or when Postgres cannot read it: %s', (moment) => {
    expect(passes(moment)).toBe(false)
  })

  it.each([
    '9999-12-31T23:59:59.999999Z',
    '9999-12-31T23:59:59+12:00',
    '0001-01-01T00:00:00Z',
    '0001-01-01T00:00:00-00:01',
    '2026-11-20T09:30:00.123456789+05:45',
    '2026-11-20T09:30:00-15:59',
  ])('passes at the edge: %s', (moment) => {
    expect(passes(moment)).toBe(true)
  })

  const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'))
  const edgy = fc
    .tuple(
      fc.constantFrom('0000-12-31', '0001-01-01', '0001-01-02', '2026-02-28', '9999-12-30', '9999-12-31'),
      fc.tuple(two(23), two(59), two(59)).map((parts) => parts.join(':')),
      fc.constantFrom('', '.5', '.999999', '.9999994', '.9999995', '.999999999'),
      fc.oneof(
        fc.constant('Z'),
        fc.tuple(fc.constantFrom('+', '-'), two(23), two(59)).map(([sign, h, m]) => `${sign}${h}:${m}`),
      ),
    )
    .map(([day, time, fraction, zone]) => `${day}T${time}${fraction}${zone}`)
  const moments = fc.sample(edgy, { numRuns: 4_000, seed: 22 })

  /** The moments that Postgres refuses, or shows with other than four digits of year. */
  async function unstorable(some: string[]): Promise<string[]> {
    const { rows } = await admin.query(
      `select moment from unnest($1::text[]) moment
       where not pg_input_is_valid(moment, 'timestamptz')
         or core.iso(case when pg_input_is_valid(moment, 'timestamptz') then moment::timestamptz end) !~ '^[0-9]{4}-'
         or extract(year from case when pg_input_is_valid(moment, 'timestamptz') then moment::timestamptz end at time zone 'UTC')
           not between 1 and 9999`,
      [some],
    )
    return rows.map(({ moment }) => moment)
  }

  it('is stored by Postgres as a moment of the years 1 to 9999, if it passes', async () => {
    const passing = moments.filter(passes)
    expect(passing.length).toBeGreaterThan(1_000)
    expect(await unstorable(passing)).toEqual([])
  })

  it('is refused only if Postgres cannot store it', async () => {
    const refused = moments.filter((moment) => !passes(moment))
    expect(refused.length).toBeGreaterThan(500)
    expect(new Set(await unstorable(refused))).toEqual(new Set(refused))
  })

  it('would not be storable with the check of its form alone', async () => {
    const formal = z.iso.datetime({ offset: true })
    const passing = moments.filter((moment) => formal.safeParse(moment).success)
    expect((await unstorable(passing)).length).toBeGreaterThan(100)
  })
})
