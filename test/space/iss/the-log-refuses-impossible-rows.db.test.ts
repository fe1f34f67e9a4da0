import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { logFixes } from '../support/log-fixes.ts'

const { admin } = await freshDatabase()

const one = async (text: string) => (await admin.query(text)).rows[0]

describe('the log', () => {
  it.each([
    ['latitude', { lat: 52, lng: 0 }],
    ['altitude', { lat: 0, lng: 0, altitude: 369 }],
    ['longitude', { lat: 0, lng: 180 }],
  ])('refuses an impossible %s from any writer', async (column, fix) => {
    await expect(logFixes(admin, [{ ts: '2026-11-01T05:00:00Z', ...fix }])).rejects.toThrow(
      `iss_fetch_log_${column}`,
    )
  })

  it('is kept in months, three ahead and thirteen back', async () => {
    await admin.query(
      `select core.make_partition('space.iss_fetch_log', date_trunc('month', now(), 'UTC') - n * interval '1 month')
      from generate_series(12, 15) n`,
    )
    const kept = await one(
      `select dropped, error from core.keep_partitions() where relation = 'space.iss_fetch_log'`,
    )
    expect(kept).toEqual({ dropped: 2, error: null })
    expect(
      await one(`select to_regclass('space.iss_fetch_log_' || to_char(now() at time zone 'UTC' - interval '13 months', 'YYYYMM')) is not null
        and to_regclass('space.iss_fetch_log_' || to_char(now() at time zone 'UTC' - interval '14 months', 'YYYYMM')) is null as thirteen`),
    ).toEqual({ thirteen: true })
  })
})
