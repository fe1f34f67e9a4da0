import type pg from 'pg'
import { vi } from 'vitest'

/**
 * A feed is read behind the oldest running transaction of the whole cluster, which other test files share: what is
 * committed now can be read once theirs have ended.
 */
export async function untilFeedsShow(admin: pg.Pool): Promise<void> {
  const { rows } = await admin.query<{ now: string }>('select pg_current_xact_id()::text as now')
  const shown = 'select pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 as shown'
  await vi.waitUntil(
    async () => (await admin.query<{ shown: boolean }>(shown, [rows[0]?.now])).rows[0]?.shown,
    { timeout: 200_000, interval: 20 },
  )
}
