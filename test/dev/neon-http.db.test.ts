import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless'
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'
import { soon } from '../support/soon.ts'

const database = await freshDatabase()
const proxy = await freshProxy(database, { maxSessions: 4, maxBytes: 50_000 })
const endpoint = `http://${proxy.address}/sql`
neonConfig.fetchEndpoint = endpoint
neonConfig.disableWarningInBrowsers = true
const sql = neon(database.ownerUrl)

beforeAll(async () => {
  await database.admin.query(`
    create table things (id int primary key, name text not null, size int check (size > 0));
    create table audit (thing int references things (id) deferrable initially deferred)`)
})

/** The body that a client which is not the driver would send. */
function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(endpoint, {
    method: 'POST',
    headers: { 'neon-connection-string': database.ownerUrl, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

function withUrl(change: (url: URL) => void): NeonQueryFunction<false, false> {
  const url = new URL(database.ownerUrl)
  change(url)
  return neon(url.href)
}

it('answers as the role and the database that the connection string names', async () => {
  const [row] = await neon(database.workerUrl)`select current_user as who, current_database() as where`
  expect(row).toEqual({ who: 'lockstep_worker', where: database.name })
})

it('gives every type as the text Postgres prints, which the driver parses', async () => {
  const [row] = await sql`select
    1::int2 as small, 9007199254740993::int8 as big, 1.10::numeric as exact, 0.1::float8 as double, true as yes,
    null::text as nothing, 'naïve ☕'::text as words, '{"a": [1, null]}'::jsonb as json, array['x', 'a"b', null] as texts,
    '{{1,2},{3,4}}'::int[] as grid, '\\xdeadbeef'::bytea as bytes, '2026-01-02 03:04:05+00'::timestamptz as at`
  expect(row).toEqual({
    small: 1,
    big: '9007199254740993',
    exact: '1.10',
    double: 0.1,
    yes: true,
    nothing: null,
    words: 'naïve ☕',
    json: { a: [1, null] },
    texts: ['x', 'a"b', null],
    grid: [
      [1, 2],
      [3, 4],
    ],
    bytes: Buffer.from('deadbeef', 'hex'),
    at: new Date('2026-01-02T03:04:05Z'),
  })
})

it('takes every type of parameter as the driver sends it', async () => {
  const [row] = await sql`select
    ${7}::int as number, ${null}::int as nothing, ${true}::boolean as yes, ${['a,b', '{c}', null, '\\d']}::text[] as texts,
    ${[[1, 2]]}::int[] as grid, ${{ a: 'ü' }}::jsonb as json, ${new Date(0)}::timestamptz as at, ${'☕'} as words`
  expect(row).toEqual({
    number: 7,
    nothing: null,
    yes: true,
    texts: ['a,b', '{c}', null, '\\d'],
    grid: [[1, 2]],
    json: { a: 'ü' },
    at: new Date(0),
    words: '☕',
  })
})

it('turns JSON parameters of other clients into what Postgres reads', async () => {
  const answer = await post({
    query:
      'select $1::int + 1 as n, $2::text[] as texts, $3::jsonb as json, $4::jsonb[] as list, $5::bool as yes',
    params: [1, ['a', null, 'b"c'], { a: 1 }, [{ b: 2 }], true],
  })
  expect(await answer.json()).toMatchObject({
    rows: [{ n: 2, texts: ['a', null, 'b"c'], json: { a: 1 }, list: [{ b: 2 }], yes: true }],
  })
})

it('converts numbers, booleans and JSON for a client that does not ask for raw text', async () => {
  const query = `select 1::int4 as n, 2::int8 as big, 0.5::float8 as half, 'NaN'::float8 as nan, true as yes, '[1]'::jsonb as json`
  expect(await (await post({ query })).json()).toMatchObject({
    rows: [{ n: 1, big: '2', half: 0.5, nan: 'NaN', yes: true, json: [1] }],
  })
  const raw = await post({ query }, { 'neon-raw-text-output': 'true' })
  expect(await raw.json()).toMatchObject({
    rows: [{ n: '1', big: '2', half: '0.5', nan: 'NaN', yes: 't', json: '[1]' }],
  })
})

it('gives arrays as JSON arrays, and JSON with every digit, to a client that does not ask for raw text', async () => {
  await database.admin.query(`create type mood as enum ('calm', 'odd')`)
  const answer = await post({
    query: `select array[[1,2],[3,null]] as grid, array['a,b', null, '"'] as texts, array[true, false] as flags,
      '{}'::int[] as nothing, array['odd']::mood[] as moods, '{"n": 12345678901234567890.5}'::jsonb as exact`,
  })
  expect(await answer.text()).toContain(
    String.raw`{"grid":[[1,2],[3,null]],"texts":["a,b",null,"\""],"flags":[true,false],"nothing":[],"moods":["odd"],"exact":{"n":12345678901234567890.5}}`,
  )
})

it.each(['copy things from stdin', 'copy things to stdout', 'copy (select 1 where false) to stdout'])(
  'refuses %s with 400 and gives the session back',
  async (query) => {
    for (let time = 0; time < 5; time++) {
      const answer = await post({ query })
      expect([answer.status, await answer.json()]).toEqual([
        400,
        expect.objectContaining({ message: 'unexpected message from server' }),
      ])
    }
    expect(await sql`select 1 as n`).toEqual([{ n: 1 }])
  },
)

it('refuses a whole batch in which one statement is a COPY', async () => {
  const queries = [
    { query: `insert into things values (900, 'copy', 1)` },
    { query: 'copy things from stdin' },
  ]
  expect((await post({ queries })).status).toBe(400)
  expect(await sql`select id from things where id = 900`).toEqual([])
})

it('answers 400 with the SQLSTATE for a database that does not exist', async () => {
  await expect(withUrl((url) => (url.pathname = '/nowhere'))`select 1`).rejects.toMatchObject({
    code: '3D000',
  })
})

it('gives rows as arrays or objects, as the header says and a statement overrides', async () => {
  const rowsOf = async (answer: Promise<Response>) => (await (await answer).json<{ rows: unknown }>()).rows
  const asArrays = { 'neon-array-mode': 'true' }
  expect(await rowsOf(post({ query: 'select 1 as a, 2 as a' }, asArrays))).toEqual([[1, 2]])
  expect(await rowsOf(post({ query: 'select 1 as a' }))).toEqual([{ a: 1 }])
  expect(await rowsOf(post({ query: 'select 1 as a', arrayMode: false }, asArrays))).toEqual([{ a: 1 }])
  expect(await rowsOf(post({ query: 'select 1 as a', arrayMode: true }))).toEqual([[1]])
})

it('describes the columns, the command and how many rows it touched', async () => {
  await sql`insert into things values (100, 'a', 1), (101, 'b', 2)`
  const options = { fullResults: true } as const
  expect(
    await sql.query(`update things set size = 3 where id in (100, 101) returning name`, [], options),
  ).toMatchObject({
    command: 'UPDATE',
    rowCount: 2,
    fields: [
      { name: 'name', dataTypeID: 25, columnID: 2, dataTypeSize: -1, dataTypeModifier: -1, format: 'text' },
    ],
  })
  expect(await sql.query(`insert into things values (102, 'c', 1)`, [], options)).toMatchObject({
    command: 'INSERT',
    rowCount: 1,
    rows: [],
  })
  expect(await sql.query('create table made ()', [], options)).toMatchObject({
    command: 'CREATE',
    rowCount: null,
  })
})

it('takes exactly one statement per query', async () => {
  await expect(sql.query('select 1; select 2')).rejects.toMatchObject({ code: '42601' })
  await expect(sql.query('select 1; select 2', [])).rejects.toMatchObject({
    message: 'cannot insert multiple commands into a prepared statement',
  })
})

it('passes on every field of an error of Postgres', async () => {
  await sql`insert into things values (1, 'one', 1)`
  await expect(sql`insert into things values (1, 'again', 1)`).rejects.toMatchObject({
    name: 'NeonDbError',
    code: '23505',
    severity: 'ERROR',
    message: 'duplicate key value violates unique constraint "things_pkey"',
    detail: 'Key (id)=(1) already exists.',
    schema: 'public',
    table: 'things',
    constraint: 'things_pkey',
    routine: '_bt_check_unique',
  })
  await expect(sql`insert into things values (2, null, 1)`).rejects.toMatchObject({
    code: '23502',
    column: 'name',
  })
  await expect(sql`select nonsense`).rejects.toMatchObject({ code: '42703', position: '8' })
  await expect(sql`select nam from things`).rejects.toMatchObject({
    hint: expect.stringContaining('things.name'),
  })
  await expect(sql.query(`do $$ begin perform 1 / 0; end $$`)).rejects.toMatchObject({
    code: '22012',
    where: expect.stringContaining('PL/pgSQL'),
  })
})

it('runs a batch in one transaction with the isolation, access and deferral it asks for', async () => {
  for (const [isolationLevel, shown] of [
    ['ReadUncommitted', 'read uncommitted'],
    ['ReadCommitted', 'read committed'],
    ['RepeatableRead', 'repeatable read'],
    ['Serializable', 'serializable'],
  ] as const) {
    const results = await sql.transaction([sql`show transaction_isolation`], { isolationLevel })
    expect(results).toEqual([[{ transaction_isolation: shown }]])
  }
  const [first, second] = await sql.transaction([
    sql`select pg_current_xact_id() as xid`,
    sql`select pg_current_xact_id() as xid`,
  ])
  expect(first).toEqual(second)
  const deferrable = await sql.transaction([sql`show transaction_deferrable`], {
    isolationLevel: 'Serializable',
    readOnly: true,
    deferrable: true,
  })
  expect(deferrable).toEqual([[{ transaction_deferrable: 'on' }]])
  await expect(
    sql.transaction([sql`insert into things values (3, 'three', 1)`], { readOnly: true }),
  ).rejects.toMatchObject({ code: '25006' })
})

it('refuses an isolation level that it does not know, and says on the answer which it used', async () => {
  const queries = { queries: [{ query: 'select 1', params: [] }] }
  const refused = await post(queries, { 'neon-batch-isolation-level': 'Snapshot' })
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({ message: 'invalid isolation level' })
  const used = await post(queries, {
    'neon-batch-isolation-level': 'Serializable',
    'neon-batch-read-only': 'true',
  })
  expect(Object.fromEntries(used.headers)).toMatchObject({
    'neon-batch-isolation-level': 'Serializable',
    'neon-batch-read-only': 'true',
  })
})

it('rolls the whole batch back when one statement fails, or the commit does', async () => {
  await expect(
    sql.transaction([sql`insert into things values (4, 'four', 1)`, sql`select 1 / 0`]),
  ).rejects.toMatchObject({ code: '22012' })
  await expect(
    sql.transaction([sql`insert into things values (4, 'four', 1)`, sql`insert into audit values (999)`]),
  ).rejects.toMatchObject({ code: '23503', constraint: 'audit_thing_fkey' })
  expect(await sql`select from things where id = 4`).toEqual([])
})

it('refuses a wrong password in Neon’s words', async () => {
  const wrong = withUrl((url) => {
    url.password = 'wrong'
  })
  await expect(wrong`select 1`).rejects.toMatchObject({
    name: 'NeonDbError',
    message: "password authentication failed for user 'postgres'",
    code: '',
  })
})

it('answers without a code when it cannot connect, as Neon’s control plane does', async () => {
  await database.admin.query(`create role barred login password 'barred' connection limit 0`)
  onTestFinished(async () => {
    await database.admin.query('drop role barred')
  })
  const barred = withUrl((url) => Object.assign(url, { username: 'barred', password: 'barred' }))
  await expect(barred`select 1`).rejects.toMatchObject({
    message: expect.stringMatching(/^Server error \(HTTP status 500\): .*too many connections/),
    code: undefined,
  })
})

it('refuses what is no request', async () => {
  for (const [body, headers, message] of [
    ['{', {}, 'could not parse the HTTP request body'],
    [{ sql: 'select 1' }, {}, 'could not parse the HTTP request body'],
    [{ query: 'select 1', params: 'x' }, {}, 'could not parse the HTTP request body'],
    [{ queries: [{}] }, {}, 'could not parse the HTTP request body'],
    [{ query: 'select 1' }, { 'neon-connection-string': 'nonsense' }, 'invalid connection string'],
    [{ query: 'select 1' }, { 'neon-connection-string': 'http://u:p@h/d' }, 'incorrect scheme'],
    [{ query: 'select 1' }, { 'neon-connection-string': 'postgres://h/d' }, 'missing username'],
    [{ query: 'select 1' }, { 'neon-connection-string': 'postgres://u@h/d' }, 'required password'],
    [{ query: 'select 1' }, { 'neon-connection-string': 'postgres://u:p@h/' }, 'missing database name'],
  ] as const) {
    const answer = await post(body, headers)
    expect(answer.status).toBe(400)
    expect((await answer.json<{ message: string }>()).message).toContain(message)
  }
  expect((await fetch(endpoint)).status).toBe(404)
})

it('refuses requests and answers over the limit', async () => {
  const long = 'x'.repeat(60_000)
  expect((await post({ query: 'select $1::text', params: [long] })).status).toBe(413)
  expect((await post({ query: `select repeat('x', 60000)` })).status).toBe(507)
  await expect(sql`select repeat('x', 10000) from generate_series(1, 10)`).rejects.toMatchObject({
    code: undefined,
  })
  expect(await sql`select length(repeat('x', 40000)) as n`).toEqual([{ n: 40_000 }])
})

it('leaves nothing of a session for the next request', async () => {
  const leave = [
    `set statement_timeout = '1min'`,
    'create temporary table leftover ()',
    'select pg_advisory_lock(4711)',
    'listen something',
    'begin',
    'prepare ready as select 1',
    'declare still cursor with hold for select 1',
    'set session authorization lockstep_worker',
  ]
  // Four sessions serve all of these and all that look afterwards.
  for (const query of leave) await Promise.all([1, 2, 3, 4].map(() => sql.query(query)))
  const look = () => sql`select
    current_user as who,
    current_setting('statement_timeout') as timeout,
    to_regclass('pg_temp.leftover') as temporary,
    -- The proxy may still reset the other sessions, so each look is about its own.
    (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    (select count(*)::int from pg_listening_channels()) as channels,
    (select count(*)::int from pg_prepared_statements where name <> '') as prepared,
    (select count(*)::int from pg_cursors where name <> '') as cursors`
  const clean = {
    who: 'postgres',
    timeout: '0',
    temporary: null,
    locks: 0,
    channels: 0,
    prepared: 0,
    cursors: 0,
  }
  expect(await Promise.all([1, 2, 3, 4].map(look))).toEqual([[clean], [clean], [clean], [clean]])
  expect(
    await sql`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and state like 'idle in transaction%'`,
  ).toEqual([{ n: 0 }])
})

it('lets requests wait when every session is lent, and loses none', async () => {
  const asked = Array.from(
    { length: 40 },
    (_, i) => sql`select ${i}::int as i, pg_backend_pid() as pid, pg_sleep(0.005)`,
  )
  const answers = (await Promise.all(asked)).flat()
  expect(answers.map((row) => row['i'])).toEqual(Array.from({ length: 40 }, (_, i) => i))
  expect(new Set(answers.map((row) => row['pid'])).size).toBeLessThanOrEqual(4)
})

it('cancels the query in Postgres when the client hangs up', async () => {
  const controller = new AbortController()
  // The driver sends a query when somebody waits for it, not before.
  const hung = Promise.resolve(
    sql.query('select pg_sleep(60)', [], { fetchOptions: { signal: controller.signal } }),
  )
  await vi.waitUntil(async () => (await sleeping()) === 1, soon)
  controller.abort()
  await expect(hung).rejects.toMatchObject({ code: undefined, sourceError: { name: 'AbortError' } })
  await vi.waitUntil(async () => (await sleeping()) === 0, soon)
})

it('rolls back a batch whose client hangs up between two statements', async () => {
  const blocker = await database.connect()
  await blocker.query('begin')
  await blocker.query('lock table audit')
  const controller = new AbortController()
  const hung = sql.transaction(
    [sql`insert into things values (50, 'fifty', 1)`, sql`insert into audit values (50)`],
    {
      fetchOptions: { signal: controller.signal },
    },
  )
  await vi.waitUntil(async () => (await waiting()) === 1, soon)
  controller.abort()
  await expect(hung).rejects.toThrow('aborted')
  await vi.waitUntil(async () => (await waiting()) === 0, soon)
  await blocker.query('rollback')
  expect(await sql`select from things where id = 50`).toEqual([])
})

async function sleeping(): Promise<number> {
  return count(`state = 'active' and query like 'select pg_sleep(60)%'`)
}

async function waiting(): Promise<number> {
  return count(`wait_event_type = 'Lock'`)
}

async function count(condition: string): Promise<number> {
  const { rows } = await database.admin.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and ${condition}`,
  )
  return rows[0]?.n ?? -1
}
