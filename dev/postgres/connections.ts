import { connectionParts, jobSessions, poolSize } from '../../functions/ops/rules.ts'
import type { Settings } from './tune.ts'

/** `pools`: one for each location whose Workers connect through a pooler of their own. */
export type Deployment = { pools?: number; standbys?: number }

/** Sums up the connections of a server with these settings, one line for each limit. */
export function sumConnections(settings: Settings, { pools = 1, standbys = 0 }: Deployment = {}): string[] {
  const limit = (name: string) => Number(settings[name])
  const [max, reserved] = [limit('max_connections'), limit('superuser_reserved_connections')]
  const available = max - reserved
  const pool = poolSize({ max, available, pooled: false, pools })
  return [
    `max_connections: ${max} = ${reserved} reserved by Postgres + ${available} available`,
    connectionParts({ available, pool, pools }),
    `${pools === 1 ? 'the pool' : 'each pool'} serves ${pool} statements at once; jobs hold up to ${jobSessions} sessions of one`,
    `max_wal_senders: ${limit('max_wal_senders')}, of which ${standbys} standbys take ${standbys}, beside max_connections`,
    ...(standbys === 0
      ? []
      : [`each standby needs max_connections of ${max} or more, and has as many for its own readers`]),
  ]
}
