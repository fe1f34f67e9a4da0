import pg from 'pg'

const group = 'lockstep_app'
export const workerRole = 'lockstep_worker'

// A statement of the Worker takes milliseconds unless something is wrong. An open transaction that has
// written to a feed delays the feed's readers, so an idle one ends early. The limits are set on the role, because Neon's
// HTTP interface passes no start-up options on.
const limits = {
  statement_timeout: '8s',
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '10s',
  transaction_timeout: '30s',
}

/** Creates or updates the role as which the Worker connects. It owns nothing and is bound by row-level security. */
export async function ensureWorkerRole(ownerUrl: string, password: string, role = workerRole): Promise<void> {
  const client = await connect(ownerUrl)
  try {
    await createRole(client, group, 'nologin')
    await createRole(client, role, 'login')
    await client.query(
      `alter role ${role} with login nosuperuser nobypassrls nocreatedb nocreaterole password ${client.escapeLiteral(password)}`,
    )
    for (const [name, value] of Object.entries(limits)) {
      await client.query(`alter role ${role} set ${name} = '${value}'`)
    }
    await client.query(`grant ${group} to ${role}`)
  } finally {
    await client.end()
  }
}

/** Creates the database unless it exists. Returns whether it was created. */
export async function ensureDatabase(ownerUrl: string, name: string): Promise<boolean> {
  const client = await connect(ownerUrl)
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount) return false
    await client.query(`create database ${client.escapeIdentifier(name)}`)
    return true
  } finally {
    await client.end()
  }
}

async function createRole(client: pg.Client, name: string, login: 'login' | 'nologin'): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name])
  if (!rowCount) await client.query(`create role ${name} ${login}`)
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })
  await client.connect()
  return client
}
