import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import { type Guarded, orNotRun, takeLock } from '../../core/guard.ts'
import { named, type Statement } from '../../core/named.ts'
import { makePartitions, withPartitions } from '../../core/partitions.ts'
import { type DatabaseError, hasSqlstate, isDataError } from '../../core/sqlstate.ts'
import { locks } from '../../registry/locks.ts'
import { endOverdue } from '../commands/end-overdue.ts'
import { everyTenant } from '../greenhouses/scope.ts'
import { decideZones, type Part } from './decide-zones.ts'

export type Slot = { shard: number; slot: Date }

type Counts = { zones: number; commands: number; decisions: number }
type Failure = { zone: number; name: string; type: string; at: string }

export type Cycle = Counts & { success: number; failed: number; errors: Failure[] }

const lastZone = Number.MAX_SAFE_INTEGER

/** The other zones get their decision, and the failed ones count as such, as long as this time lasts. */
const halvingMs = 8_000
const errorsKept = 10

/**
 * A cycle reads each of its tables whole. The planner cannot know how many rows the fence of the tenants lets pass and expects
 * one, for which it would repeat a scan for each of 50 000 zones.
 */
const joinWhole = { enable_nestloop: 'off' }

/**
 * Decides about all zones of a shard, once for each slot.
 * Race: two cycles of one slot. The second finds the lock taken or, a moment later, the row of the slot.
 * A statement that fails on data is halved until the bad zone stands alone, in one transaction, so the slot stays whole.
 */
export async function runCycle(ctx: Ctx, at: Slot): Promise<Guarded<Cycle>> {
  const begun = ctx.now().getTime()
  const cycle = await decideShard(ctx, at)
  const seconds = (ctx.now().getTime() - begun) / 1_000
  if (cycle.ran) ctx.metrics.observe('zone_processing_time_seconds', {}, seconds)
  return cycle
}

function decideShard(ctx: Ctx, { shard, slot }: Slot): Promise<Guarded<Cycle>> {
  const all = { shard, shards: ctx.env.FLEET_SHARDS, slot, from: 0, to: lastZone }
  const db = ctx.db.with({ ...everyTenant, ...joinWhole })
  return orNotRun(async () => {
    try {
      const write = () => db.batch([...opening(all), wholeCycle(all)])
      return succeeded((await partitioned({ db }, slot, write)).at(-1))
    } catch (error) {
      // 40P01: a person changed a zone at this moment, and Postgres chose the cycle to give way.
      if (!isDataError(error) && !hasSqlstate(error, '40P01')) throw error
      ctx.log.error('cycle', error, { shard, slot: slot.toISOString() })
      return await db.transaction((tx) => inHalves(ctx, tx, all))
    }
  })
}

function partitioned<T>(ctx: Pick<Ctx, 'db'>, slot: Date, write: () => Promise<T>): Promise<T> {
  const moments = () => [slot]
  return withPartitions(ctx, { table: 'fleet.decisions', moments }, () =>
    withPartitions(ctx, { table: 'fleet.cycles', moments }, write),
  )
}

function opening(part: Part): Statement[] {
  const { shard, slot } = part
  return [
    takeLock([locks.fleetCycle, shard]),
    named('fleet.take-cycle')`select fleet.take_cycle(${shard}, ${slot.toISOString()}::timestamptz)`,
    endOverdue(part),
  ]
}

/** The row type is the promise of `wholeCycle`. */
function succeeded(rows: unknown[] | undefined): Cycle {
  const [counts] = rows as [Counts]
  return { ...counts, success: counts.zones, failed: 0, errors: [] }
}

function wholeCycle(part: Part): Statement {
  return named('fleet.whole-cycle')`
with ${decideZones(part)},
counts as (${counting})
update fleet.cycles c
set
  zones = counts.zones, success = counts.zones, commands = counts.commands, decisions = counts.decisions,
  finished_at = clock_timestamp(), took_ms = extract(epoch from clock_timestamp() - c.started_at) * 1000
from counts
where c.shard = ${part.shard}
  and c.slot = ${part.slot.toISOString()}::timestamptz
returning c.zones, c.commands, c.decisions`
}

const counting = sql`
  select
    (select count(distinct zone_id) from decided)::int as zones,
    (select count(*) from commanded)::int as commands,
    (select count(*) from noted)::int as decisions`

async function inHalves(ctx: Ctx, tx: Tx, all: Part): Promise<Cycle> {
  const end = ctx.now().getTime() + halvingMs
  const partitions = ['fleet.cycles', 'fleet.decisions'].map((table) => makePartitions(table, [all.slot]))
  for (const statement of [...partitions, ...opening(all)]) await tx.query(statement)
  const zones = await tx.query<Zone>(named('fleet.zones-of-shard')`
select z.id::float8 as id, z.name
from fleet.zones z
where z.id % ${all.shards}::int = ${all.shard}::int
  and exists (select from fleet.regulators r where r.zone_id = z.id)
order by z.id`)
  const errors: Failure[] = []
  const total = { zones: zones.length, commands: 0, decisions: 0 }
  const waiting = [zones]
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const outcome = ctx.now().getTime() < end ? await tryPart(tx, all, part) : { type: 'out_of_time' }
    if ('type' in outcome && (part.length === 1 || outcome.type === 'out_of_time')) {
      const at = ctx.now().toISOString()
      errors.push(...part.map(({ id, name }) => ({ zone: id, name, type: outcome.type, at })))
    } else if ('type' in outcome) {
      const middle = Math.ceil(part.length / 2)
      waiting.push(part.slice(middle), part.slice(0, middle))
    } else {
      total.commands += outcome.commands
      total.decisions += outcome.decisions
    }
  }
  for (const { type } of errors) ctx.metrics.count('zone_processing_errors_total', { error_type: type })
  const failed = errors.length
  const cycle = { ...total, success: total.zones - failed, failed, errors: errors.slice(0, errorsKept) }
  await tx.query(named('fleet.close-cycle')`
update fleet.cycles
set
  zones = ${cycle.zones}, success = ${cycle.success}, failed = ${failed}, commands = ${cycle.commands},
  decisions = ${cycle.decisions}, errors = ${JSON.stringify(cycle.errors)}::jsonb,
  finished_at = clock_timestamp(), took_ms = extract(epoch from clock_timestamp() - started_at) * 1000
where shard = ${all.shard}
  and slot = ${all.slot.toISOString()}::timestamptz`)
  return cycle
}

type Zone = { id: number; name: string }

/** The savepoint keeps the parts that succeeded. */
async function tryPart(tx: Tx, all: Part, zones: readonly Zone[]): Promise<Counts | { type: string }> {
  const [first, last] = [zones.at(0), zones.at(-1)]
  if (first === undefined || last === undefined) return { zones: 0, commands: 0, decisions: 0 }
  await tx.query(named('fleet.begin-part')`savepoint part`)
  try {
    const [counts] = await tx.query<Counts>(
      named('fleet.decide-part')`with ${decideZones({ ...all, from: first.id, to: last.id })} ${counting}`,
    )
    await tx.query(named('fleet.keep-part')`release savepoint part`)
    return counts ?? { zones: 0, commands: 0, decisions: 0 }
  } catch (error) {
    if (!isDataError(error)) throw error
    await tx.query(named('fleet.undo-part')`rollback to savepoint part`)
    return { type: typeOf(error) }
  }
}

function typeOf({ sqlstate }: DatabaseError): string {
  return sqlstate ?? 'unknown'
}
