import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../dev/system/free-port.ts'

const binary = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'].find((path) =>
  existsSync(path),
)

export const hasPgBouncer = binary !== undefined

/** A pooler in transaction mode in front of the database of `urls`, for their users, like Neon's pooled host. */
export async function startPgBouncer(
  urls: readonly string[],
): Promise<{ url: string; stop(): Promise<void> }> {
  if (binary === undefined) throw new Error('PgBouncer is not installed')
  const [target, ...others] = urls.map((url) => new URL(url))
  if (!target) throw new Error('startPgBouncer needs the URL of a database')
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-pgbouncer-'))
  const port = await freePort()
  const users = [target, ...others].map(
    ({ username, password }) => `"${username}" "${decodeURIComponent(password)}"`,
  )
  writeFileSync(join(folder, 'users.txt'), `${users.join('\n')}\n`)
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    [
      '[databases]',
      `* = host=${target.hostname} port=${target.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'auth_type = plain',
      `auth_file = ${folder}/users.txt`,
      'pool_mode = transaction',
      'default_pool_size = 20',
      'max_client_conn = 200',
      'ignore_startup_parameters = extra_float_digits,options,application_name,client_encoding',
      'unix_socket_dir =',
      'server_reset_query =',
    ].join('\n'),
  )
  for (const file of ['', 'users.txt', 'pgbouncer.ini']) chmodSync(join(folder, file), 0o755)
  // PgBouncer refuses to run as root.
  const as = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn(binary, ['-q', ...as, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' })
  await untilListening(port, child)
  return {
    url: `postgresql://${target.username}:${target.password}@127.0.0.1:${port}${target.pathname}`,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          rmSync(folder, { recursive: true, force: true })
          resolve()
        })
        child.kill('SIGTERM')
        child.kill('SIGKILL')
      }),
  }
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`)
    const listening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(socket.destroy() && true))
      socket.once('error', () => resolve(false))
    })
    if (listening) return
  }
}
