import pg from 'pg'

/** A connection for migrations: none of the timeouts that the role or the platform may have set, one known search path. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'lockstep migrations',
    keepAlive: true,
  })
  // Nobody waits on an idle connection that the server drops. The next query on it fails, which is enough.
  client.on('error', () => {})
  await client.connect()
  await client.query(`
    set search_path = public;
    set statement_timeout = 0;
    set lock_timeout = 0;
    set transaction_timeout = 0;
    set idle_in_transaction_session_timeout = 0`)
  return client
}
