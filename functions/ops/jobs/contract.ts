import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

const Outcome = z.enum(['ok', 'skipped', 'failed', 'running'])

const run = {
  slot: shownInstant.nullable(),
  startedAt: shownInstant,
  finishedAt: shownInstant.nullable(),
  outcome: Outcome,
  rows: z.int().nullable(),
  error: z.string().nullable(),
}

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

export const JobRunFilter = { job: z.string().max(100).optional(), outcome: Outcome.optional() }

export const JobName = z.strictObject({
  name: z.string().max(100).meta({ description: 'A name from GET /v1/ops/jobs' }),
})

export const JobAnswer = z
  .strictObject({
    ran: z.boolean(),
    outcome: Outcome.optional(),
    rows: z.int().optional(),
    reason: z.enum(['busy', 'done']).optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'JobAnswer' })

export const RunCursor = z.tuple([z.int().positive()])
