/** Connections that the Worker leaves free: migrations and an operator must get in when the pool is full. */
const kept = { migrations: 2, operator: 3 }

/** Neon's pooler gives one role of one database nine tenths of the connections. */
const poolerShare = 0.9

/** `pools`: the pools that share the connections, one for each place from which Workers connect without Neon's pooler. */
type Limits = { max: number; available: number; pooled: boolean; pools?: number }

/** How many connections the Worker may use at once, from one pool. */
export function poolSize({ max, available, pooled, pools = 1 }: Limits): number {
  if (pooled) return Math.floor(max * poolerShare)
  return Math.max(0, Math.floor((available - kept.migrations - kept.operator) / pools))
}

/** The clock runs so many jobs at once, and a job may hold a session besides its statements. */
export const jobSessions = 3

/**
 * The connections that are held at once: requests a second times the seconds for which each holds one, which is the time
 * of all statements in a second, and the sessions of jobs.
 */
export function neededConnections({ held, within }: { held: number; within: number }): number {
  return Math.round((held / within + jobSessions) * 10) / 10
}

type Parts = { available: number; pool: number; pools?: number }

/** The uses of the available connections, which add up to them. Some may be left, or missing when the server has few. */
export function connectionParts({ available, pool, pools = 1 }: Parts): string {
  const of = pools === 1 ? '' : `${pools} × `
  const left = available - kept.migrations - kept.operator - pools * pool
  const rest = left === 0 ? '' : left > 0 ? ` + ${left} left` : ` - ${-left} missing`
  return `${available} = ${kept.migrations} migrations + ${kept.operator} operator + ${of}${pool} pool${rest}`
}

type Sum = Parts & { used: number; need: number | null }

/** The arithmetic of connections in one line. */
export function connectionSum({ used, need, ...parts }: Sum): string {
  const share = parts.available === 0 ? 0 : Math.round((used / parts.available) * 100)
  return `${connectionParts(parts)}; need ${need ?? 'unknown'}; ${used} in use, ${share} %`
}

/** An index that was not scanned for so many days of records is called unused; before that it is too early to say. */
export const daysToJudge = 14

/** Outcomes of calls of outside servers that are no failure: a job's call is `ok`, a webhook or a postback `delivered`. */
export const soundOutcomes: readonly string[] = ['ok', 'delivered']
