import { describe, expect, it } from 'vitest'
import { sqlBorders } from '../../dev/check/sql-borders.ts'
import { planted } from './planted.ts'

const rows = {
  'schema/core/tables.ts': '',
  'schema/core/iso.sql': '',
  'schema/dispatch/tables.ts': '',
  'schema/ledger/tables.ts': '',
}
const none = { guests: [], exceptions: [] }

function found(files: Record<string, string>, table: Parameters<typeof sqlBorders>[1] = none): string[] {
  return sqlBorders(planted({ ...rows, ...files }), table).map(({ where, what }) => `${where} ${what}`)
}

describe('SQL borders', () => {
  it.each([
    ['functions/dispatch/orders/claim.ts', 'const s = sql`\nselect from ledger.bets`'],
    ['functions/dispatch/feed.ts', 'const s = sql`\nselect ${sql`1 from ledger.bets`}`'],
    ['functions/dispatch/orders/claim.ts', "const s = sql.raw(\n'ledger.bets')"],
    ['functions/dispatch/orders/claim.ts', 'const s = sql<{ a: 1 }>`\nupdate "ledger"."bets" set a = 1`'],
    ['cron/dispatch.ts', 'const s = sql`\nselect from ledger.bets`'],
    ['schema/dispatch/declared.ts', "const s = view({\nas: 'select from ledger.bets' })"],
    ['schema/dispatch/plan.sql', 'select\nfrom ledger.bets'],
  ])('finds in %s another row’s table: %s', (file, text) => {
    expect(found({ [file]: text })).toEqual([
      `${file}:2 names ledger.bets, beyond its border: use the events of that row`,
    ])
  })

  it('finds a function of another row', () => {
    expect(found({ 'functions/dispatch/orders/claim.ts': 'sql`select ledger.transfer(1)`' })).toHaveLength(1)
  })

  it.each([
    ['functions/dispatch/orders/claim.ts', 'sql`select from core.outbox`'],
    ['functions/dispatch/orders/claim.ts', 'sql`insert into core.outbox(topic) values (1)`'],
    ['schema/ledger/check.sql', 'insert into core.outbox (topic) values (1)'],
  ])('finds in %s a table of core: %s', (file, text) => {
    expect(found({ [file]: text })).toEqual([
      `${file}:1 names core.outbox, beyond its border: use a function or fragment of core`,
    ])
  })

  it('finds a name of core that is put together at run time', () => {
    expect(found({ 'functions/dispatch/feed.ts': 'sql`select from core.${table}`' })).toHaveLength(1)
  })

  it.each([
    ['functions/dispatch/orders/claim.ts', 'sql`select core.iso(now()) from dispatch.orders`'],
    ['functions/dispatch/orders/claim.ts', 'sql`select 1 -- as in ledger.bets\n`'],
    ['schema/dispatch/plan.sql', '-- as ledger.bets\n/* core.outbox */ select core.iso(now())'],
    ['functions/dispatch/orders/claim.ts', '// ledger.bets does the same'],
    ['functions/core/outbox.ts', 'sql`insert into core.outbox (topic) values (1)`'],
    ['schema/core/declared.ts', "grants('core.outbox')"],
    ['test/dispatch/claim.race.test.ts', 'sql`select from core.outbox join ledger.bets`'],
    ['schema/migrations/0001_all.sql', 'alter table ledger.bets rename to wagers'],
  ])('accepts in %s: %s', (file, text) => {
    expect(found({ [file]: text })).toEqual([])
  })
})

describe('exceptions to the SQL borders', () => {
  const file = 'schema/ledger/check.sql'
  const exceptions = [{ file, names: 'core.outbox', why: 'a test' }]

  it('let one file name one table', () => {
    const names = 'insert into core.outbox (topic) values (1);'
    expect(found({ [file]: names }, { guests: [], exceptions })).toEqual([])
    expect(found({ [file]: `${names} select from core.job_runs` }, { guests: [], exceptions })).toEqual([
      `${file}:1 names core.job_runs, beyond its border: use a function or fragment of core`,
    ])
  })

  it('must be deleted when the file no longer needs them', () => {
    expect(found({ [file]: 'select 1' }, { guests: [], exceptions })).toEqual([
      `${file} no longer names core.outbox: delete its exception`,
    ])
  })

  it('let a row without a schema use the tables of core, until it has its own', () => {
    const guest = { 'functions/webhooks/list.ts': 'sql`select from core.webhooks`' }
    const table = { guests: ['webhooks'], exceptions: [] }
    expect(found(guest, table)).toEqual([])
    expect(found({ ...guest, 'schema/webhooks/tables.ts': '' }, table)).toEqual([
      'schema/webhooks has tables of its own: it is no guest of core',
    ])
  })
})
