/**
 * The method of all measurements. Machines are shared and noisy, so a speed alone says little. Ours and a baseline take
 * turns in one process, in reverse order every other round, and each round gives one ratio. The report has the median
 * of the rounds and their range. After every turn the data is checked, and one mismatch ends the run.
 */
import { readFileSync } from 'node:fs'
import type pg from 'pg'

/** The result of one turn of one contender. */
export type Turn = { operations: number; seconds: number; latenciesMs: number[] }

export type Contender = {
  name: string
  /** The database that it uses, if it is not that of the comparison. */
  database?: pg.Pool
  /** Prepares each turn; not measured. */
  prepare?: () => Promise<void>
  turn: (pace: Pace) => Promise<Turn>
  /** Throws unless the data is as the turn must have left it. */
  verify: (turn: Turn) => Promise<void>
}

export type Comparison = {
  name: string
  /** The unit of the number that is compared, such as `claims/s`. */
  unit: string
  /** The database whose statements and write-ahead log are counted. */
  database: pg.Pool
  ours: Contender
  /** The contender that ours is compared with; null when the number stands alone. */
  baseline: Contender | null
  /** Run and printed like the baseline, but not in the last line. */
  others?: Contender[]
  /** The number that is compared, by default operations per second. */
  value?: (turn: Turn) => number
}

export type Pace = { rounds: number; seconds: number }

type Measured = { value: number; p95: number; statements: number; walBytes: number; cpuMicros: number }

/** Runs the turns, prints the results and ends with one line of JSON. */
export async function compare(comparison: Comparison, pace: Pace): Promise<void> {
  const { rounds } = pace
  const { name, unit, ours, baseline, others = [] } = comparison
  const contenders = [ours, ...(baseline === null ? [] : [baseline]), ...others]
  const measured = new Map(contenders.map((contender) => [contender, [] as Measured[]]))
  for (const contender of contenders) await take(contender, comparison, pace)
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const contender of order) measured.get(contender)?.push(await take(contender, comparison, pace))
  }
  const roundsOf = (contender: Contender) => measured.get(contender) ?? []
  const against = roundsOf(baseline ?? ours)
  console.log(`\n${name}, ${unit}, ${rounds} rounds after a warm-up`)
  for (const contender of contenders) console.log(line(contender, roundsOf(contender), against))
  const medianOf = (contender: Contender) => rounded(median(roundsOf(contender).map(({ value }) => value)))
  const ratio = baseline === null ? null : rounded(median(ratios(roundsOf(ours), against)))
  const compared = baseline === null ? null : medianOf(baseline)
  console.log(JSON.stringify({ name, ours: medianOf(ours), baseline: compared, ratio, unit }))
}

async function take(contender: Contender, comparison: Comparison, pace: Pace): Promise<Measured> {
  const { value = rate } = comparison
  const { database = comparison.database } = contender
  await contender.prepare?.()
  const before = await readMeter(database)
  const turn = await contender.turn(pace)
  const after = await readMeter(database)
  await contender.verify(turn)
  return {
    value: value(turn),
    p95: quantile(turn.latenciesMs, 0.95),
    statements: (after.statements - before.statements) / turn.operations,
    walBytes: (after.walBytes - before.walBytes) / turn.operations,
    cpuMicros: cpuBetween(before.cpuNanos, after.cpuNanos) / 1000 / turn.operations,
  }
}

type Loop = {
  clients: number
  /** The time limit. */
  seconds: number
  /** The limit of operations over all clients. */
  count?: number
  /** Runs one or more operations. Returns how many, or null when no work is left. */
  operation: (client: number, n: number) => Promise<number | null>
}

/** Runs clients side by side. Each starts its next operation when the previous one has ended. */
export async function closedLoop(loop: Loop): Promise<Turn> {
  const { clients, seconds, count = Number.POSITIVE_INFINITY, operation } = loop
  const latenciesMs: number[] = []
  let operations = 0
  let started = 0
  const begun = performance.now()
  const end = begun + seconds * 1000
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < end && started < count) {
        const from = performance.now()
        const done = await operation(client, started++)
        if (done === null) return
        latenciesMs.push(performance.now() - from)
        operations += done
      }
    }),
  )
  return { operations, seconds: (performance.now() - begun) / 1000, latenciesMs }
}

export function rate({ operations, seconds }: Turn): number {
  return operations / seconds
}

export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}

/** Fails the run unless both are equal. */
export function mustBe(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (is !== should) throw new Error(`${what} is ${is} and should be ${should}`)
}

type Meter = { statements: number; walBytes: number; cpuNanos: Map<number, number> }

async function readMeter(database: pg.Pool): Promise<Meter> {
  const { rows } = await database.query<{ statements: string; walBytes: string; pids: number[] }>(`
select coalesce(sum(calls), 0) as statements,
  pg_current_wal_insert_lsn() - '0/0'::pg_lsn as "walBytes",
  array(select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()) as pids
from pg_stat_statements
where toplevel
  and dbid = (select oid from pg_database where datname = current_database())
  and query not like '%pg_stat_statements%'`)
  return {
    statements: Number(rows[0]?.statements),
    walBytes: Number(rows[0]?.walBytes),
    cpuNanos: new Map((rows[0]?.pids ?? []).map((pid) => [pid, cpuOf(pid)])),
  }
}

/** The time that a process was on a processor, where the system says so. */
function cpuOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0])
  } catch {
    return Number.NaN
  }
}

/** Backends that began in between count from their start. */
function cpuBetween(before: Map<number, number>, after: Map<number, number>): number {
  return [...after].reduce((sum, [pid, nanos]) => sum + nanos - (before.get(pid) ?? 0), 0)
}

function line(contender: Contender, measured: Measured[], against: Measured[]): string {
  const values = measured.map(({ value }) => value)
  const shares = ratios(measured, against)
  const spread = (all: number[]) =>
    `${show(median(all))} [${show(Math.min(...all))}..${show(Math.max(...all))}]`
  const middle = (read: (one: Measured) => number) => show(median(measured.map(read)))
  return [
    `  ${contender.name.padEnd(34)} ${spread(values).padEnd(26)}`,
    `ratio ${spread(shares).padEnd(20)}`,
    // A peer may report how many it did, and not how long each took.
    `p95 ${Number.isNaN(measured[0]?.p95) ? 'not measured' : `${middle(({ p95 }) => p95)} ms`}`,
    `${middle(({ statements }) => statements)} statements`,
    `${middle(({ walBytes }) => walBytes)} B of WAL`,
    `${middle(({ cpuMicros }) => cpuMicros)} µs of backend CPU an operation`,
  ].join('  ')
}

function ratios(measured: Measured[], against: Measured[]): number[] {
  return measured.map(({ value }, round) => value / (against[round]?.value ?? Number.NaN))
}

function show(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toFixed(2)
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
