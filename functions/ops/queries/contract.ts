import * as z from 'zod'
import { instant, shownInstant } from '../../http/fields.ts'

const names = z.string().regex(/^[a-z]+\.[a-z0-9_-]{1,80}$/, 'Must be the name of a statement, as row.verb')

export const QueriesQuery = z.strictObject({
  from: instant.optional().meta({ description: 'Begin of the window; an hour before its end unless given' }),
  to: instant.optional().meta({ description: 'End of the window; now unless given' }),
  order: z
    .enum(['total', 'calls', 'mean', 'rows', 'temp', 'wal'])
    .default('total')
    .meta({ description: 'The greatest first' }),
})

export const QueryPath = z.strictObject({ name: names.meta({ description: 'The name of a statement' }) })

export const WindowQuery = QueriesQuery.pick({ from: true, to: true })

const count = z.int().min(0)

export const QueryFigures = z
  .strictObject({
    name: z.string().meta({ examples: ['ops.list-queries'] }),
    calls: count,
    perMinute: z.number(),
    totalMs: z.number(),
    share: z.number().meta({ description: 'Of the time of all our statements, 0 to 1' }),
    meanMs: z.number(),
    serverP95Ms: z.number().nullable().meta({
      description:
        'Estimated from mean and variance as if the times were lognormal, because Postgres keeps no distribution',
    }),
    p95Ms: z.number().nullable().meta({
      description:
        'Measured by the Worker, with the way to Postgres, in the last hour at most; null when the window ends earlier or nothing was measured. A batch is measured under one name.',
    }),
    rows: count,
    hitRatio: z
      .number()
      .nullable()
      .meta({ description: 'Blocks found in shared buffers; null without blocks' }),
    tempBytes: count,
    walBytes: count,
    resets: count.meta({ description: 'How often Postgres began to count anew within the window' }),
    was: z
      .strictObject({ perMinute: z.number(), meanMs: z.number() })
      .nullable()
      .meta({ description: 'The same window a week before; null without calls' }),
    trend: z.number().nullable().meta({ description: 'meanMs / was.meanMs' }),
  })
  .meta({ id: 'QueryFigures' })
export type QueryFigures = z.infer<typeof QueryFigures>

const window = {
  asOf: shownInstant.nullable().meta({ description: 'The last reading of Postgres’ statistics' }),
  from: shownInstant,
  to: shownInstant,
  evictedAt: shownInstant.nullable().meta({
    description: 'When Postgres last removed statements for want of room: raise pg_stat_statements.max',
  }),
  why: z.string().nullable().meta({ description: 'Why nothing is known; null when the figures are known' }),
}

export const Queries = z
  .strictObject({
    ...window,
    coverage: z.number().nullable().meta({
      description:
        'Calls in Postgres’ statistics / calls that the Worker measured in the last hour, at most 1; null while either is unknown',
    }),
    data: z.array(QueryFigures),
    nextCursor: z.null(),
  })
  .meta({ id: 'Queries' })
export type Queries = z.infer<typeof Queries>

export const Query = z
  .strictObject({
    ...window,
    name: z.string(),
    figures: QueryFigures.nullable(),
    statements: z.array(
      z.strictObject({
        text: z.string().meta({ description: 'As Postgres keeps it, with parameters in place of constants' }),
        firstSeenAt: shownInstant,
        plan: z.string().nullable().meta({ description: 'The generic plan; the statement does not run' }),
        why: z.string().nullable().meta({ description: 'Why there is no plan' }),
      }),
    ),
    series: z.array(
      z.strictObject({
        begins: shownInstant,
        minutes: z.int(),
        calls: count,
        totalMs: z.number(),
        rows: count,
      }),
    ),
  })
  .meta({ id: 'Query' })
export type Query = z.infer<typeof Query>
