import { expect, it } from 'vitest'
import { timeZone } from '../../functions/http/fields.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker()
const authorization = `Bearer ${await app.token('admin', 'zones')}`

async function storeIn(zone: string): Promise<[status: number, code: unknown]> {
  const response = await app.fetch('/v1/dispatch/stores', {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 's',
      pickupAddress: 'a',
      opensAt: '09:00',
      closesAt: '17:00',
      timeZone: zone,
    }),
  })
  return [response.status, (await response.json<{ code?: string }>()).code]
}

it.each([
  'UTC',
  'Europe/Vienna',
  'America/Argentina/Buenos_Aires',
  'America/Port-au-Prince',
  'Etc/GMT+5',
  'US/Pacific',
])('%s is a time zone', async (zone) => {
  expect(await storeIn(zone)).toEqual([201, undefined])
})

it.each([
  // Postgres does not know these.
  'US/Pacific-New',
  'Europe/Nowhere',
  // Postgres knows these in another sense: an abbreviation, an offset with the other sign, a POSIX rule.
  'IST',
  'VST',
  'EST',
  'CET',
  '+05:30',
  '+0530',
  '-08:00',
  'Europe/Viena-1',
  'Etc/Wien-1',
  'XYZ3',
  'posix/Europe/Vienna',
  'localtime',
])('%s is refused', async (zone) => {
  expect(await storeIn(zone)).toEqual([400, 'validation_failed'])
})

it('Postgres knows every accepted name as that zone, not as an abbreviation or a rule', async () => {
  const { rows } = await app.database.admin.query<{ name: string }>('select name from pg_timezone_names')
  const known = new Set(rows.map(({ name }) => name))
  const accepted = Intl.supportedValuesOf('timeZone').filter((name) => timeZone.safeParse(name).success)
  expect(accepted.length).toBeGreaterThan(400)
  expect(accepted.filter((name) => !known.has(name))).toEqual([])
  // Without the form, Postgres takes each of these, and means something else.
  const { rows: others } = await app.database.admin.query(
    `select zone, (timestamptz '2026-01-01 00:00Z' at time zone zone)::text as wall
     from unnest(array['IST', '+05:30', 'Europe/Viena-1']) zone`,
  )
  expect(others.map(({ wall }) => wall)).toEqual([
    '2026-01-01 02:00:00',
    '2025-12-31 18:30:00',
    '2026-01-01 01:00:00',
  ])
})
