import { type NeonProxy, type NeonProxyOptions, startNeonProxy } from '../../dev/neon-proxy/server.ts'
import { atTheEnd } from './at-the-end.ts'
import { bySocket } from './by-socket.ts'
import type { TestDatabase } from './database.ts'

/** A Neon proxy of this test file's own, so that its faults meet nobody else. To be awaited at the top of the file. */
export async function freshProxy(
  database: TestDatabase,
  options: Omit<NeonProxyOptions, 'databaseUrl'> = {},
): Promise<NeonProxy> {
  const proxy = await startNeonProxy({ databaseUrl: bySocket(database.ownerUrl), ...options })
  atTheEnd(() => proxy.close())
  return proxy
}
