import * as z from 'zod'
import { runOutcomes } from '../../../schema/core/states.ts'
import { flag, instant, shownInstant } from '../../http/fields.ts'

export const Outcome = z.enum(runOutcomes)

const run = {
  slot: shownInstant.nullable(),
  startedAt: shownInstant,
  finishedAt: shownInstant.nullable(),
  outcome: Outcome,
  rows: z.int().nullable(),
  error: z.string().nullable(),
}

export const Pause = z
  .strictObject({ since: shownInstant, until: shownInstant, reason: z.string(), by: z.string() })
  .meta({ id: 'JobPause' })
export type Pause = z.infer<typeof Pause>

export const NewPause = z.strictObject({
  until: instant.meta({ description: 'At most 24 hours from now' }),
  reason: z.string().trim().min(1).max(500),
})

export const Job = z
  .strictObject({
    name: z.string(),
    cron: z.string(),
    lockId: z.int(),
    lastRun: z.strictObject(run).nullable(),
    nextAt: shownInstant.nullable(),
    missed: z
      .int()
      .meta({ description: 'Slots of the last 24 hours, after the first finished slot, that no run did' }),
    pausedSlots: z
      .int()
      .meta({ description: 'Slots of the last 24 hours that passed while the job was paused' }),
    pause: Pause.nullable(),
    running: z.boolean(),
    failuresInRow: z
      .int()
      .meta({ description: 'Failed runs since the last one that succeeded, among the newest 100 runs' }),
    lateSeconds: z.number().nullable().meta({
      description:
        'From the slot of the last cron run to its start; null without one among the newest 100 runs',
    }),
    meanMs: z
      .number()
      .nullable()
      .meta({ description: 'Of the successful runs of the last 24 hours among the newest 100' }),
    p95Ms: z
      .number()
      .nullable()
      .meta({ description: 'Of the successful runs of the last 24 hours among the newest 100' }),
  })
  .meta({ id: 'Job' })
export type Job = z.infer<typeof Job>

export const JobRun = z
  .strictObject({
    id: z.int(),
    job: z.string(),
    trigger: z.enum(['cron', 'manual']),
    ...run,
    detail: z.record(z.string(), z.unknown()).nullable(),
    roundTrips: z.int().nullable(),
  })
  .meta({ id: 'JobRun' })
export type JobRun = z.infer<typeof JobRun>

export const JobRunFilter = {
  job: z.string().max(100).optional(),
  outcome: Outcome.optional(),
  all: flag
    .default(false)
    .meta({ description: 'With true also the runs that found no work, which are left out otherwise' }),
}

export const JobName = z.strictObject({
  name: z.string().max(100).meta({ description: 'A name from GET /v1/ops/jobs' }),
})

export const JobAnswer = z
  .strictObject({
    ran: z.boolean(),
    outcome: Outcome.optional(),
    rows: z.int().optional(),
    reason: z.enum(['busy', 'done', 'paused']).optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'JobAnswer' })

export const RunCursor = z.tuple([z.int().positive()])
