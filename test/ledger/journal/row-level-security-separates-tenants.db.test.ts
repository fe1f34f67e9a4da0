import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { freshEnvironment } from '../../core/environment.ts'
import { untilLasts } from '../../support/lasting.ts'
import { sent } from '../../support/sent.ts'
import { fund, openBet, tenantContext } from '../support/context.ts'

// The list of the day's bets is empty on the next day.
await untilLasts('day', 60)
const world = await freshEnvironment()
const { database } = world
const { admin } = database
for (const tenantId of [1, 2]) {
  const ctx = tenantContext(world, tenantId)
  await fund(ctx, 5_000)
  await openBet(ctx)
}

const { rows } = await admin.query<{ name: string }>(
  `select relname as name from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r' order by 1`,
)
const tables = rows.map(({ name }) => name)

/** Runs the work as the owner in a transaction that is rolled back. */
async function undone<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await database.connect()
  await client.query('begin')
  try {
    return await work(client)
  } finally {
    await client.query('rollback')
  }
}

describe('row-level security', () => {
  async function unfenced(client: pg.Pool | pg.Client): Promise<string[]> {
    const { rows: found } = await client.query<{ name: string }>(
      `select c.relname as name
       from pg_class c
       where c.relnamespace = 'ledger'::regnamespace
         and c.relkind = 'r'
         and not (
           c.relrowsecurity and c.relforcerowsecurity and exists (
             select from pg_policies p
             where p.schemaname = 'ledger' and p.tablename = c.relname
               and p.cmd = 'ALL' and p.permissive = 'PERMISSIVE' and p.roles = '{lockstep_app}'
               and p.qual like '%tenant_id = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::bigint%'
           )
         )`,
    )
    return found.map(({ name }) => name)
  }

  it('is enabled and forced on every table of the ledger by tenant', async () => {
    expect(tables.length).toBeGreaterThanOrEqual(10)
    expect(await unfenced(admin)).toEqual([])
  })

  it.each([
    'alter table ledger.bets_view no force row level security',
    'alter table ledger.bets_view disable row level security',
    'drop policy of_tenant on ledger.bets_view',
    'alter policy of_tenant on ledger.bets_view using (true)',
  ])('is reported missing after "%s"', async (change) => {
    const found = await undone(async (client) => {
      await client.query(change)
      return unfenced(client)
    })
    expect(found).toEqual(['bets_view'])
  })

  it('applies to an owner without BYPASSRLS only while it is forced', async () => {
    const seen = await undone(async (client) => {
      await client.query('create role plain_owner; grant usage, create on schema ledger to plain_owner')
      await client.query('alter table ledger.bet_events owner to plain_owner; set local role plain_owner')
      const forced = await client.query('select from ledger.bet_events')
      await client.query('alter table ledger.bet_events no force row level security')
      const unforced = await client.query('select from ledger.bet_events')
      return [forced.rowCount, unforced.rowCount]
    })
    expect(seen).toEqual([0, 4])
  })

  it.each(tables)('shows rows of %s of the set tenant, and none if no tenant is set', async (table) => {
    const client = await database.connect(database.workerUrl)
    // A table without a select grant shows no row.
    const { rows: may } = await client.query(`select has_table_privilege('ledger.${table}', 'select') as may`)
    const tenantsSeen = async () =>
      may[0].may
        ? (await client.query(`select distinct tenant_id::int as tenant from ledger.${table}`)).rows.map(
            ({ tenant }) => tenant,
          )
        : []
    await client.query('begin')
    await client.query(`select set_config('app.tenant_id', '1', true)`)
    expect((await tenantsSeen()).filter((tenant) => tenant !== 1)).toEqual([])
    await client.query('commit')
    // The setting is '' now, no longer null.
    expect(await tenantsSeen()).toEqual([])
  })

  it('refuses writes for another tenant', async () => {
    const client = await database.connect(database.workerUrl)
    for (const [write, refused] of [
      [
        `insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor) values (2, 'x', 1, 'V1_BETS_BET_PLACED', '{}', 'x')`,
        /row-level security/,
      ],
      [`update ledger.bets_view set tenant_id = 2`, /row-level security/],
    ] as const) {
      await client.query('begin')
      await client.query(`select set_config('app.tenant_id', '1', true)`)
      await expect(client.query(write)).rejects.toThrow(refused)
      await client.query('rollback')
    }
    await client.query('begin')
    await client.query(`select set_config('app.tenant_id', '1', true)`)
    expect(
      (await client.query('update ledger.bets_view set status = status where tenant_id = 2')).rowCount,
    ).toBe(0)
    expect((await client.query('delete from ledger.user_balances_view where tenant_id = 2')).rowCount).toBe(0)
    await client.query('rollback')
  })
})

describe('the tenant of a batch', () => {
  /** The number of rows that the next user of the connection sees without setting a tenant. */
  async function leftBehind(setting: string): Promise<number | null> {
    const client = await database.connect(database.workerUrl)
    await client.query('begin')
    await client.query(setting)
    expect((await client.query('select from ledger.bet_events')).rowCount).toBe(2)
    await client.query('commit')
    return (await client.query('select from ledger.bet_events')).rowCount
  }

  it('is reset after the batch', async () => {
    expect(await leftBehind(`select set_config('app.tenant_id', '1', true)`)).toBe(0)
  })

  it.each([`set app.tenant_id = '1'`, `select set_config('app.tenant_id', '1', false)`])(
    'would leak to the next user of the connection with "%s"',
    async (setting) => {
      expect(await leftBehind(setting)).toBe(2)
    },
  )

  it('is the tenant of each statement’s token, even on a shared connection', async () => {
    const [one, two] = [tenantContext(world, 1), tenantContext(world, 2)]
    await fund(one, 11, { userId: 'u-mixed' })
    await fund(two, 22, { userId: 'u-mixed' })
    expect(await world.ctx().db.query(sent`select count(*)::int as n from ledger.balance_events`)).toEqual([
      { n: 0 },
    ])
  })
})

describe('materialized views', () => {
  it('are readable only through views that show one tenant', async () => {
    const { rows: found } = await admin.query(
      `select matviewname as name,
         has_table_privilege('lockstep_worker', format('ledger.%I', matviewname), 'select') as readable
       from pg_matviews where schemaname = 'ledger' order by 1`,
    )
    expect(found).toEqual([
      { name: 'tenants_summary_view', readable: false },
      { name: 'top_bets_today', readable: false },
      { name: 'user_activity_view', readable: false },
    ])
    await admin.query('select ledger.refresh_aggregate_views()')
    const client = await database.connect(database.workerUrl)
    for (const view of ['tenants_summary', 'top_bets', 'user_activity']) {
      expect((await client.query(`select from ledger.${view}`)).rowCount).toBe(0)
      await client.query('begin')
      await client.query(`select set_config('app.tenant_id', '2', true)`)
      expect((await client.query(`select from ledger.${view}`)).rowCount).toBeGreaterThan(0)
      expect((await client.query(`select from ledger.${view}`)).rowCount).toBeLessThan(3)
      await client.query('commit')
    }
  })

  it('and seven functions without user, amount or evidence are the sole security definers', async () => {
    const { rows: found } = await admin.query(
      `select proname as name from pg_proc where pronamespace = 'ledger'::regnamespace and prosecdef order by 1`,
    )
    expect(found.map(({ name }) => name)).toEqual([
      'check_invariants',
      'count_open_alerts',
      'count_waiting',
      'fold_waiting',
      'refresh_aggregate_views',
      'show_open_alerts',
      'show_view_checks',
    ])
  })
})

describe('the Worker’s role', () => {
  it.each(['bet_events', 'payment_events', 'balance_events', 'system_events'])(
    'can only append to %s',
    async (table) => {
      const client = await database.connect(database.workerUrl)
      await client.query(`select set_config('app.tenant_id', '1', false)`)
      for (const change of [
        `update ledger.${table} set actor = 'me'`,
        `delete from ledger.${table}`,
        `truncate ledger.${table}`,
      ])
        await expect(client.query(change)).rejects.toMatchObject({ code: '42501' })
    },
  )

  it('owns nothing, cannot bypass row-level security and cannot assume a role that can', async () => {
    const { rows: found } = await admin.query(
      `select rolsuper, rolbypassrls,
         (select count(*)::int from pg_class c where c.relowner = r.oid) as owns,
         (select count(*)::int from pg_auth_members m join pg_roles g on g.oid = m.roleid
          where m.member = r.oid and (g.rolsuper or g.rolbypassrls)) as may_become
       from pg_roles r where rolname = 'lockstep_worker'`,
    )
    expect(found).toEqual([{ rolsuper: false, rolbypassrls: false, owns: 0, may_become: 0 }])
  })
})

describe('the distribution over a cluster', () => {
  const script = readFileSync(join(import.meta.dirname, '../../../schema/ledger/citus.sql'), 'utf8')

  it('distributes every table of the ledger by tenant', () => {
    const distributed = [...script.matchAll(/create_distributed_table\('ledger\.(\w+)', 'tenant_id'/g)].map(
      ([, name]) => name,
    )
    expect(new Set(distributed)).toEqual(new Set(tables))
    expect(distributed).toHaveLength(tables.length)
  })

  const keysOf = async (client: pg.Pool | pg.Client) => {
    const { rows: keys } = await client.query<{ key: string; leads: string }>(
      `select i.indexrelid::regclass::text as key, a.attname as leads
       from pg_index i
       join pg_class c on c.oid = i.indrelid and c.relkind = 'r' and c.relnamespace = 'ledger'::regnamespace
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
       where i.indisunique`,
    )
    return keys
  }

  it('is possible: every unique key starts with the tenant and no foreign key exists', async () => {
    const keys = await keysOf(admin)
    expect(keys.length).toBeGreaterThanOrEqual(tables.length)
    expect(keys.filter(({ leads }) => leads !== 'tenant_id')).toEqual([])
    const { rowCount } = await admin.query(
      `select from pg_constraint where contype = 'f' and connamespace = 'ledger'::regnamespace`,
    )
    expect(rowCount).toBe(0)
  })

  it('would be impossible with a unique key across tenants', async () => {
    const keys = await undone(async (client) => {
      await client.query('create unique index of_all on ledger.bet_events (id)')
      return keysOf(client)
    })
    expect(keys.filter(({ leads }) => leads !== 'tenant_id')).toEqual([{ key: 'ledger.of_all', leads: 'id' }])
  })
})

describe('the README of the ledger', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../functions/ledger/README.md'), 'utf8')
  const section = /## What row-level security covers[\s\S]*?\n## /.exec(readme)?.[0] ?? ''

  it('names every table outside row-level security that holds rows of a tenant', async () => {
    const named = [...section.matchAll(/^\| `(\w+\.\w+)` /gm)].map(([, name]) => name)
    await admin.query(
      `insert into core.idempotency_keys (id, principal, route, body_hash, outcome) values ('x', 'tenant:1', 'POST /', 'x', '{"of": "u-1"}')`,
    )
    // A tenant's user is found in the text of a row; a delivery repeats the data of an outbox event.
    const { rows: open } = await admin.query<{ name: string }>(
      `select format('%s.%s', n.nspname, c.relname) as name
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and not c.relrowsecurity and n.nspname !~ '^(pg_|information_schema)'`,
    )
    const holders: string[] = []
    for (const { name } of open) {
      const { rowCount } = await admin.query(`select from ${name} t where t::text like '%u-1%' limit 1`)
      if (rowCount === 1) holders.push(name)
    }
    expect(holders.sort()).toEqual(['core.idempotency_keys', 'core.outbox'])
    expect(named).toEqual(['core.outbox', 'core.idempotency_keys', 'webhooks.webhook_deliveries'])
  })
})
