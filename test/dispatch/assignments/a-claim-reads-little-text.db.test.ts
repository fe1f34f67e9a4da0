import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { orderRules } from '../../../schema/dispatch/rules.ts'
import { freshDatabase } from '../../support/database.ts'

const { admin, connect } = await freshDatabase()

/** The tables that a claim with an idempotency key writes. */
const written = [
  'core.idempotency_keys',
  'dispatch.orders',
  'dispatch.couriers',
  'dispatch.order_events',
  'dispatch.lost_claims',
]

// Postgres reads the checks and the WHEN conditions of a table anew in every statement that writes it.
describe('the checks and conditions of the tables that a claim writes', () => {
  it('have at most 5 000 characters', async () => {
    const read = await charactersRead(admin)
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThanOrEqual(5_000)
  })

  it('had several times as many with one check constraint for each rule of an order', async () => {
    const client = await connect()
    await client.query('begin')
    for (const [name, rule] of Object.entries(orderRules))
      await client.query(
        `alter table dispatch.orders add constraint ${name} check (${rule.replaceAll(/\br\./g, '')})`,
      )
    expect(await charactersRead(client)).toBeGreaterThan(25_000)
    await client.query('rollback')
  })
})

async function charactersRead(client: pg.Client | pg.Pool): Promise<number> {
  const { rows } = await client.query(
    `select sum(characters)::int as total
    from (
      select conrelid as relation, length(conbin::text) as characters from pg_constraint where contype = 'c'
      union all
      select tgrelid, length(tgqual::text) from pg_trigger where tgqual is not null
    ) text
    where relation = any ($1::regclass[])`,
    [written],
  )
  return rows[0].total
}
