import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { vi } from 'vitest'
import { chooseOsUser } from '../../dev/postgres/os-user.ts'
import { handOver } from '../../dev/postgres/place.ts'
import { freePort } from '../../dev/system/free-port.ts'
import { atTheEnd } from './at-the-end.ts'
import { freshFolder } from './folder.ts'
import { soon } from './soon.ts'

export type PoolerAuth = 'trust' | 'md5' | 'scram-sha-256'

/** The methods by which a PgBouncer can be tested here: none on a machine that has no PgBouncer. */
export const poolerAuths: PoolerAuth[] = findPgbouncer() === null ? [] : ['trust', 'md5', 'scram-sha-256']

/** A PgBouncer in transaction mode before the Postgres of `url`. It knows the given roles. Returns host and port. */
export async function freshPgbouncer(
  url: string,
  auth: PoolerAuth,
  roles: Record<string, string>,
): Promise<string> {
  const program = findPgbouncer()
  if (program === null) throw new Error('PgBouncer is not installed')
  const folder = freshFolder()
  const port = await freePort()
  const { hostname, port: behind } = new URL(url)
  const users = join(folder, 'users.txt')
  writeFileSync(
    users,
    Object.entries(roles)
      .map(([role, password]) => `"${role}" "${password}"\n`)
      .join(''),
  )
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(
    settings,
    `[databases]
* = host=${hostname} port=${behind}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = ${auth}
auth_file = ${users}
pool_mode = transaction
default_pool_size = 5
max_client_conn = 100
`,
  )
  const user = chooseOsUser()
  for (const path of [folder, users, settings]) handOver(path, user)
  const server = spawn(program, [settings], { ...user, cwd: '/', stdio: 'ignore' })
  const ended = once(server, 'exit')
  atTheEnd(async () => {
    server.kill('SIGKILL')
    await ended
  })
  await vi.waitUntil(() => accepts(port), soon)
  return `127.0.0.1:${port}`
}

/** The same URL, by way of a pooler. */
export function through(pooler: string, url: string): string {
  const copy = new URL(url)
  copy.host = pooler
  return copy.href
}

function findPgbouncer(): string | null {
  const places = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  const found = places.map((place) => join(place, 'pgbouncer')).find((path) => existsSync(path))
  if (found === undefined) return null
  execFileSync(found, ['--version'], { stdio: 'ignore' })
  return found
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
