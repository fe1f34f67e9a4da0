import type pg from 'pg'

const step = 10_000

/**
 * Lets a session insert rows without looking up those that they refer to, which takes half the time of a large fill. Its
 * triggers rest as well.
 */
export async function withoutLookups(client: pg.Client): Promise<void> {
  await client.query('set session_replication_role = replica')
}

/** Fills a large table in transactions of ten thousand rows, so that no fill holds the horizon of the cluster for long. */
export async function inSteps(
  rows: number,
  fill: (from: number, to: number) => Promise<unknown>,
): Promise<void> {
  for (let from = 1; from <= rows; from += step) await fill(from, Math.min(from + step - 1, rows))
}
