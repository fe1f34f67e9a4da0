import type pg from 'pg'

const step = 10_000

/** Fills a large table in transactions of ten thousand rows, so that no fill holds the horizon of the cluster for long. */
export async function inSteps(
  rows: number,
  fill: (from: number, to: number) => Promise<unknown>,
): Promise<void> {
  for (let from = 1; from <= rows; from += step) await fill(from, Math.min(from + step - 1, rows))
}

/**
 * As `inSteps`, in a session that does not look up the rows that new ones refer to, which takes half the time of a large
 * fill. Triggers rest as well.
 */
export async function inStepsUnchecked(
  client: pg.Client,
  rows: number,
  fill: (from: number, to: number) => Promise<unknown>,
): Promise<void> {
  await client.query('set session_replication_role = replica')
  await inSteps(rows, fill)
  await client.query('reset session_replication_role')
}

/**
 * Takes the indexes from tables while they are filled, but for those of constraints: to make one of all rows takes less time.
 * They come back without their comments.
 */
export async function indexedAfterwards(
  client: pg.ClientBase | pg.Pool,
  tables: readonly string[],
  fill: () => Promise<unknown>,
): Promise<void> {
  const { rows } = await client.query<{ drop: string; make: string }>(
    `select 'drop index ' || indexrelid::regclass as drop, pg_get_indexdef(indexrelid) as make
      from pg_index
      where indrelid = any ($1::regclass[]) and not exists (select from pg_constraint where conindid = indexrelid)`,
    [tables],
  )
  for (const { drop } of rows) await client.query(drop)
  await fill()
  for (const { make } of rows) await client.query(make)
}
