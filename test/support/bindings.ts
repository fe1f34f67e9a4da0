import type { NeonProxy } from '../../dev/neon-proxy/server.ts'

const limit = async () => ({ success: true })

/** The bindings of a Worker on a test's database, without limits of rate. */
export function bindingsOf(database: { workerUrl: string }, proxy: Pick<NeonProxy, 'address'>) {
  return {
    DATABASE_URL: database.workerUrl,
    NEON_PROXY: proxy.address,
    AUTH_SECRET: 'a secret of the tests that has the length',
    RATE_READ: { limit },
    RATE_WRITE: { limit },
  }
}
