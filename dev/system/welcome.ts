import { developmentSecret } from './secret.ts'
import { signToken } from './sign-token.ts'
import type { System } from './system.ts'

const day = 86_400

/** Prints the address of each part, and commands to paste. */
export async function welcome({
  url,
  databaseUrl,
  proxy,
  upstreams,
  redis,
  standbys,
  crons,
}: System): Promise<string> {
  const secret = developmentSecret()
  const [admin, store, courier] = await Promise.all([
    signToken(secret, { role: 'admin', sub: '1', ttlSeconds: day }),
    signToken(secret, { role: 'store', sub: '1', ttlSeconds: day }),
    signToken(secret, { role: 'courier', sub: '1', ttlSeconds: day }),
  ])
  const { host } = new URL(databaseUrl)
  return `
Lockstep runs.

  Open       ${url}

  Contract   ${url}/docs
  Postgres   ${host}   psql "$(npm run -s db:url)"
  Replicas   ${standbys.length > 0 ? standbys.map(({ port }) => `127.0.0.1:${port}`).join(', ') : 'none; REPLICAS=2 npm start makes two streaming standbys'}
  Neon proxy ${proxy}   faults: curl ${proxy}/faults
  Upstreams  ${upstreams ? `${upstreams}   simulated; UPSTREAMS=live npm start asks the real ones` : 'the real ones'}
  Cache      ${redis ? `${redis.url}   Upstash's protocol over ${redis.kind}, token ${redis.token}; faults: curl ${redis.url}/faults` : 'KV; REDIS=1 npm start uses Redis over HTTP'}
  Cron       ${crons.join(', ')}
  Log        .lockstep/worker.log

Tokens, good for a day (others: npm run -s token -- --role courier --sub 7):

  ADMIN=${admin}
  STORE=${store}
  COURIER=${courier}

Paste the three lines above, then:

  curl -s ${url}/readyz
  curl -s "${url}/v1/dispatch/orders?status=new" -H "Authorization: Bearer $STORE"
  curl -s -X POST ${url}/v1/dispatch/orders/claim-next -H "Authorization: Bearer $COURIER" -H "Idempotency-Key: $(date +%s)"

Ctrl-C stops everything.
`
}
