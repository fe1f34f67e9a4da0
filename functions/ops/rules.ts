/** Connections that the Worker leaves free: migrations and an operator must get in when the pool is full. */
const kept = { migrations: 2, operator: 3 }

/** Neon's pooler gives one role of one database nine tenths of the connections. */
const poolerShare = 0.9

type Limits = { max: number; available: number; pooled: boolean }

/** How many connections the Worker may use at once. */
export function poolSize({ max, available, pooled }: Limits): number {
  if (pooled) return Math.floor(max * poolerShare)
  return Math.max(0, available - kept.migrations - kept.operator)
}

/** The arithmetic of connections in one line. */
export function connectionSum({
  available,
  pool,
  used,
}: {
  available: number
  pool: number
  used: number
}): string {
  const share = available === 0 ? 0 : Math.round((used / available) * 100)
  return `${available} = ${kept.migrations} migrations + ${kept.operator} operator + ${pool} pool; ${used} in use, ${share} %`
}

/** An index that was not scanned for so many days of records is called unused; before that it is too early to say. */
export const daysToJudge = 14
