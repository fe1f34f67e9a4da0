import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'

/** The Postgres server behind the proxy. As in libpq, a host that is a path is the folder of its Unix socket. */
export type Target = { host: string; port: number; tls: false | { rejectUnauthorized: boolean } }

export function targetOf(databaseUrl: string): Target {
  const url = new URL(databaseUrl)
  const mode = url.searchParams.get('sslmode') ?? 'disable'
  return {
    host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ''),
    port: Number(url.port || 5432),
    tls: ['disable', 'allow', 'prefer'].includes(mode) ? false : { rejectUnauthorized: mode !== 'no-verify' },
  }
}

/** Opens a socket for the Postgres protocol, encrypted when the server requires it. */
export async function connectToPostgres({ host, port, tls }: Target): Promise<Socket> {
  const place = host.startsWith('/')
    ? { path: join(host, `.s.PGSQL.${port}`) }
    : { host, port, noDelay: true }
  const socket = connect(place)
  await once(socket, 'connect')
  if (!tls) return socket
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])) // SSLRequest
  const [answer]: Buffer[] = await once(socket, 'data')
  if (answer?.toString('latin1') !== 'S') throw new Error(`${host}:${port} does not speak TLS.`)
  const secured = connectTls({ socket, servername: host, ...tls })
  await once(secured, 'secureConnect')
  return secured
}

/**
 * Asks the server to cancel this backend's statement. Resolves when the server has sent the signal, which is before the
 * backend acts on it. So the backend must not serve another client afterwards.
 */
export async function cancelBackend(target: Target, backend: { pid: number; secret: number }): Promise<void> {
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(80_877_102, 4)
  request.writeInt32BE(backend.pid, 8)
  request.writeInt32BE(backend.secret, 12)
  const socket = await connectToPostgres(target)
  socket.resume().end(request)
  await once(socket, 'close')
}
