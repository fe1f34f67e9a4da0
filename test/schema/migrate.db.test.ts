import { describe, expect, it, vi } from 'vitest'
import { readMigrations } from '../../dev/migrations/files.ts'
import { migrate } from '../../dev/migrations/migrate.ts'
import { urlAs } from '../../dev/postgres/urls.ts'
import { soon } from '../support/soon.ts'
import { emptyDatabase, migrationFiles } from './empty-database.ts'

const table = 'create table public.t (id int, name text);\n'
const uniqueIds =
  '-- no-transaction\n\ncreate unique index concurrently if not exists t_ids on public.t (id);\n'

describe('a file that another editor wrote', () => {
  const mark = '\ufeff'
  it.each([
    ['with a byte order mark', `${mark}${uniqueIds}`],
    ['with a blank after the directive', uniqueIds.replace('transaction\n', 'transaction \t\n')],
    ['with a blank before the directive', ` ${uniqueIds}`],
    ['with two blanks inside it', uniqueIds.replace('-- no', '--  no')],
    ['without a blank inside it', uniqueIds.replace('-- no', '--no')],
    ['with an empty line before the directive', `\n${uniqueIds}`],
    ['with a comment before the directive', `-- why\n${uniqueIds}`],
    ['in capitals', uniqueIds.replace('no-transaction', 'NO-TRANSACTION')],
    ['with line ends of Windows', uniqueIds.replaceAll('\n', '\r\n')],
    ['with line ends of an old Mac', uniqueIds.replaceAll('\n', '\r')],
    ['with all of it', `${mark}-- why\r\n --  no-transaction \r\n${uniqueIds.split('\n')[2]}`],
  ])('%s builds its index outside a transaction', async (_, file) => {
    const { url, column } = await emptyDatabase()
    const folder = migrationFiles({ '0001_table.sql': table, '0002_ids.sql': file })
    await migrate(url, { folder })
    expect(
      await column(`select indexrelid::regclass::text from pg_index where indrelid = 'public.t'::regclass`),
    ).toEqual(['t_ids'])
  })

  it.each([
    ['with a byte order mark', `${mark}${table}`],
    ['after a comment that a carriage return ends', `-- why\r${table}`],
  ])('%s runs', async (_, file) => {
    const { url, column } = await emptyDatabase()
    await migrate(url, { folder: migrationFiles({ '0001_table.sql': file }) })
    expect(await column(`select to_regclass('public.t')::text`)).toEqual(['t'])
  })

  it('is the same file with a byte order mark and other line ends', async () => {
    const { url } = await emptyDatabase()
    const folder = migrationFiles({ '0001_table.sql': table })
    await migrate(url, { folder })
    migrationFiles({ '0001_table.sql': `${mark}${table.replaceAll('\n', '\r\n')}` }, folder)
    expect(await migrate(url, { folder })).toEqual({ applied: [] })
  })

  it.each(['', '\n', '-- only a comment', '/* select 1; */', ';'])(
    'without a statement is refused: %j',
    (file) => {
      expect(() => readMigrations(migrationFiles({ '0001_nothing.sql': file }))).toThrow(
        '0001_nothing.sql: holds no statement',
      )
    },
  )

  it('with the directive after its first statement is refused', () => {
    const folder = migrationFiles({ '0001_late.sql': `select 1;\n${uniqueIds}` })
    expect(() => readMigrations(folder)).toThrow('0001_late.sql:2: "-- no-transaction" must stand before')
  })
})

describe('a file in a transaction', () => {
  it('is applied once, in order, and recorded', async () => {
    const { url, column } = await emptyDatabase()
    const folder = migrationFiles({
      '0001_table.sql': table,
      '0002_row.sql': `insert into public.t values (1, 'one'); insert into public.t values (2, 'two');`,
    })
    expect(await migrate(url, { folder })).toEqual({ applied: ['0001_table.sql', '0002_row.sql'] })
    expect(await migrate(url, { folder })).toEqual({ applied: [] })
    expect(await column('select name from public.t order by id')).toEqual(['one', 'two'])
    expect(await column('select name from core.schema_migrations order by version')).toEqual(['table', 'row'])
  })

  it('leaves nothing behind when it fails, names itself with its line, and can be mended', async () => {
    const { url, column } = await emptyDatabase()
    const folder = migrationFiles({
      '0001_table.sql': table,
      '0002_broken.sql': 'create table public.u (id int);\n\nselect 1,\n  nonsense\nfrom public.t;\n',
    })
    await expect(migrate(url, { folder })).rejects.toThrow(
      '0002_broken.sql:4: column "nonsense" does not exist [42703]',
    )
    expect(await column(`select to_regclass('public.u')`)).toEqual([null])
    expect(await column('select version from core.schema_migrations')).toEqual([1])

    migrationFiles({ '0002_broken.sql': 'create table public.u (id int);\n' }, folder)
    expect(await migrate(url, { folder })).toEqual({ applied: ['0002_broken.sql'] })
  })

  it('that fails while it runs is named with the line of its statement', async () => {
    const { url } = await emptyDatabase()
    const folder = migrationFiles({ '0001_zero.sql': 'select 1;\n\n-- why\nselect 1 / (select 0);\n' })
    await expect(migrate(url, { folder })).rejects.toThrow('0001_zero.sql:4: division by zero [22012]')
  })

  it('may not end its transaction: what came before would stay', async () => {
    const { url, column } = await emptyDatabase()
    const folder = migrationFiles({ '0001_commit.sql': `${table}commit;\nselect 1 / 0;\n` })
    await expect(migrate(url, { folder })).rejects.toThrow(
      '0001_commit.sql:2: the runner opens and ends the transaction',
    )
    expect(await column(`select to_regclass('public.t')`)).toEqual([null])
  })

  it('waits for a table only as long as those behind it can bear', async () => {
    const { url, column } = await emptyDatabase()
    const folder = migrationFiles({
      '0001_settings.sql': `create table public.settings as select current_setting('lock_timeout') as lock_timeout;`,
    })
    await migrate(url, { folder })
    expect(await column('select lock_timeout from public.settings')).toEqual(['5s'])
  })
})

describe('our own migrations', () => {
  it('need no superuser: who owns the database and may create roles is enough', async () => {
    const { url, client } = await emptyDatabase()
    const user = `owner_${process.pid}`
    await client.query(`create role ${user} login createrole password 'owner'`)
    const { rows } = await client.query('select current_database() as name')
    await client.query(`alter database ${rows[0].name} owner to ${user}`)
    const { applied } = await migrate(urlAs(url, { user, password: 'owner' }))
    expect(applied).toEqual(readMigrations().map(({ file }) => file))
  })
})

describe('history', () => {
  it('refuses a file edited after it was applied, by name, and changes nothing', async () => {
    const { url, column } = await emptyDatabase()
    const folder = migrationFiles({ '0001_table.sql': table })
    await migrate(url, { folder })
    migrationFiles(
      { '0001_table.sql': `${table}-- edited\n`, '0002_more.sql': 'create table public.u ();' },
      folder,
    )
    await expect(migrate(url, { folder })).rejects.toThrow('0001_table.sql: edited after it was applied')
    expect(await column(`select to_regclass('public.u')`)).toEqual([null])
  })

  it('takes other line ends for the same file', async () => {
    const { url } = await emptyDatabase()
    const folder = migrationFiles({ '0001_table.sql': table })
    await migrate(url, { folder })
    migrationFiles({ '0001_table.sql': table.replaceAll('\n', '\r\n') }, folder)
    expect(await migrate(url, { folder })).toEqual({ applied: [] })
  })

  it.each([
    ['a gap', { '0001_a.sql': '', '0003_c.sql': '' }, '0003_c.sql: expected number 0002'],
    ['a number used twice', { '0001_a.sql': '', '0001_b.sql': '' }, '0001_b.sql: expected number 0002'],
    ['a name of another form', { '0001_a.sql': '', '2_b.sql': '' }, '2_b.sql: a migration is called like'],
  ])('refuses %s in the numbers', async (_, files, message) => {
    const { url } = await emptyDatabase()
    await expect(migrate(url, { folder: migrationFiles(files) })).rejects.toThrow(message)
  })

  it('can be read by the Worker and written by nobody but the owner', async () => {
    const { url, column } = await emptyDatabase()
    await migrate(url, { folder: migrationFiles({ '0001_table.sql': table }) })
    const may = (privilege: string) =>
      column(`select has_table_privilege('lockstep_app', 'core.schema_migrations', $1)`, [privilege])
    expect(await may('select')).toEqual([true])
    for (const privilege of ['insert', 'update', 'delete', 'truncate'])
      expect(await may(privilege)).toEqual([false])
  })
})

describe('an index built outside a transaction', () => {
  it('does not keep writers waiting, not even while it waits for one itself', async () => {
    const { url, client, column, connect } = await emptyDatabase()
    await client.query(table)
    const slowWriter = await connect()
    await slowWriter.query('begin')
    await slowWriter.query('insert into public.t values (1)')

    const migrated = migrate(url, { folder: migrationFiles({ '0001_ids.sql': uniqueIds }) })
    await vi.waitFor(async () => {
      const waiting = await column(
        `select query from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like 'create unique index%'`,
      )
      expect(waiting).toHaveLength(1)
    }, soon)
    await client.query(`set lock_timeout = '1s'`)
    await client.query('insert into public.t values (2)')
    await slowWriter.query('commit')
    expect(await migrated).toEqual({ applied: ['0001_ids.sql'] })
  })

  it('is refused in a form that could not be run again', async () => {
    const { url } = await emptyDatabase()
    const folder = migrationFiles({
      '0001_table.sql': table,
      '0002_ids.sql': '-- no-transaction\ncreate index concurrently t_ids on public.t (id);',
    })
    await expect(migrate(url, { folder })).rejects.toThrow('0002_ids.sql:2: outside a transaction write')
  })

  it('that cannot be built leaves no invalid index, and names its file', async () => {
    const { url, client, column } = await emptyDatabase()
    await client.query(`${table} insert into public.t values (1), (1)`)
    const folder = migrationFiles({ '0001_ids.sql': uniqueIds })
    await expect(migrate(url, { folder })).rejects.toThrow(/^0001_ids\.sql:3: could not create unique index/)
    expect(await column(`select to_regclass('public.t_ids')`)).toEqual([null])
    expect(await column('select version from core.schema_migrations')).toEqual([])
  })

  it('left invalid by a build that was cut is rebuilt', async () => {
    const { url, client, column } = await emptyDatabase()
    const isValid = `select indisvalid from pg_index where indexrelid = to_regclass('public.t_ids')`
    await client.query(`${table} insert into public.t values (1), (1)`)
    const [, , build = ''] = uniqueIds.split('\n')
    await expect(client.query(build)).rejects.toThrow('could not create unique index')
    await client.query('delete from public.t where ctid = (select min(ctid) from public.t)')

    // Postgres alone takes the leftover for the requested index.
    await client.query(build)
    expect(await column(isValid)).toEqual([false])

    await migrate(url, { folder: migrationFiles({ '0001_ids.sql': uniqueIds }) })
    expect(await column(isValid)).toEqual([true])
  })

  it('whose name another table took is refused, not skipped', async () => {
    const { url, client } = await emptyDatabase()
    await client.query(`${table} create table public.u (id int); create index t_ids on public.u (id)`)
    await expect(migrate(url, { folder: migrationFiles({ '0001_ids.sql': uniqueIds }) })).rejects.toThrow(
      '0001_ids.sql:3: public.t_ids is not a valid index of public.t',
    )
  })
})
