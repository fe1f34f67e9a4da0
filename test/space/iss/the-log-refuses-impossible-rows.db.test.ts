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

  it('creates the partition of a month once for concurrent calls', async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, () => admin.query(`select space.keep_log_month('2031-05-05') as made`)),
    )
    expect(made.filter(({ rows }) => rows[0].made)).toHaveLength(1)
    expect(await one(`select relispartition from pg_class where relname = 'iss_fetch_log_203105'`)).toEqual({
      relispartition: true,
    })
  })

  it('drops whole months only', async () => {
    await admin.query(`select space.keep_log_month('2019-01-05'), space.keep_log_month('2019-02-05')`)
    expect(await one(`select space.drop_log_months('2019-02-10') as dropped`)).toEqual({ dropped: 1 })
    expect(await one(`select to_regclass('space.iss_fetch_log_201902')::text as kept`)).toEqual({
      kept: 'space.iss_fetch_log_201902',
    })
  })
})
