import * as z from 'zod'
import { qualities, rejectReasons, resolutions } from '../../../schema/fleet/states.ts'
import { id, instant, PageQuery, shownInstant, wholeWithin } from '../../http/fields.ts'
import { newestValue } from '../contract.ts'

const name = z.string().min(1).max(64)

/** A sample as the document describes it. Each is decided by itself, so a wrong one refuses no other. */
const SentSample = z.strictObject({
  nodeUid: name.meta({ description: 'The uid that hello gave' }),
  metric: name.meta({ examples: ['ph'] }),
  channel: name.optional().meta({ description: 'Which of several sensors of the node' }),
  ts: z
    .union([instant, z.int()])
    .optional()
    .meta({
      description: [
        'The time of the measurement, or milliseconds since 1970.',
        'A batch of one node with bootId and seq may omit it in at most 500 samples: then it is the time of receipt.',
      ].join(' '),
    }),
  value: z.number(),
  unit: z.string().min(1).max(32).optional().meta({ description: 'Default: the unit of the metric' }),
  quality: z.enum(['good', 'suspect']).optional(),
})

const boot = {
  bootId: name.meta({ description: 'Changes with each start of the node' }),
  seq: z.int().min(0).max(2_147_483_646).meta({ description: 'Numbers the batches of a boot: 0, 1, 2' }),
}

const both = ({ bootId, seq }: { bootId?: unknown; seq?: unknown }) =>
  (bootId === undefined) === (seq === undefined)
const bothOrNeither = { path: ['seq'], message: 'Send bootId and seq, or neither' }

export const TelemetryBatch = z
  .strictObject({
    samples: z.array(z.unknown()).min(1).max(1_000),
    bootId: boot.bootId.optional(),
    seq: boot.seq.optional(),
  })
  .refine(both, bothOrNeither)
export type TelemetryBatch = z.infer<typeof TelemetryBatch>

export const DescribedBatch = z.strictObject({
  samples: z.array(SentSample).min(1).max(1_000),
  bootId: boot.bootId.optional(),
  seq: boot.seq.optional(),
})

/** For NDJSON, whose lines are samples. */
export const BatchQuery = z.strictObject({
  bootId: boot.bootId.optional(),
  seq: z
    .string()
    .regex(/^\d{1,10}$/, 'Must be a whole number')
    .transform(Number)
    .pipe(boot.seq)
    .optional(),
})

const Reason = z.enum(rejectReasons)
export type RejectReason = z.infer<typeof Reason>

export const Received = z.object({
  batchId: z.uuid(),
  received: z.int().meta({ description: 'Samples in the batch: accepted, thinned and rejected' }),
  thinned: z.int().meta({ description: 'Samples that were dropped by rule, because too many wait' }),
  rejected: z.array(z.object({ index: z.int(), reason: Reason })),
})
export type Received = z.infer<typeof Received>

const window = {
  from: instant.optional().meta({ description: 'Default: an hour before `to`' }),
  to: instant.optional().meta({ description: 'Default: now' }),
}

export const AccountingQuery = z.strictObject(window)

const count = z.int()

const AccountedMinute = z.object({
  minute: shownInstant,
  received: count.meta({
    description: 'The sum of accepted, duplicate, late, rejected, thinned, dead, missing and waiting',
  }),
  accepted: count,
  late: count.meta({ description: 'Stored, but measured long before they arrived' }),
  duplicate: count,
  conflicting: count.meta({ description: 'Those duplicates that had another value; the first one stays' }),
  rejected: count,
  thinned: count,
  refused: count.meta({ description: 'Answered with 429; not part of received' }),
  dead: count.meta({ description: 'In messages that the consumer gave up. A tenant gets 0' }),
  waiting: count.meta({ description: 'On their way. A tenant gets 0' }),
  missing: count.meta({ description: 'In messages that never arrived. A tenant gets 0' }),
})

const LostBatches = z.object({
  nodeUid: z.string(),
  bootId: z.string(),
  lastAt: shownInstant,
  lost: z
    .array(z.object({ from: z.int(), to: z.int() }))
    .meta({ description: 'Numbers of batches, inclusive' }),
})

export const Accounting = z.object({
  data: z.array(AccountedMinute),
  lostOnTheWay: z.array(LostBatches).meta({
    description: 'Batches that a node numbered and that never arrived. At most 200 boots, the newest first',
  }),
})
export type Accounting = z.infer<typeof Accounting>

export const Reject = z.object({
  id: z.uuid(),
  receivedAt: shownInstant,
  nodeUid: z.string().nullable(),
  reason: Reason,
  sample: z.unknown().meta({ description: 'As it was sent; `{ cut }` if it was too large to keep' }),
  replayedAt: shownInstant.nullable(),
})
export type Reject = z.infer<typeof Reject>

export const RejectFilter = {
  nodeUid: name.optional(),
  reason: Reason.optional(),
}
export const RejectCursor = z.tuple([z.uuid()])

const day = 24 * 60 * 60 * 1_000

export const ReplayRejects = z.strictObject({
  ids: z.array(z.uuid()).min(1).max(1_000).optional(),
  nodeUid: name.optional(),
  reason: Reason.optional(),
  after: z
    .uuid()
    .optional()
    .meta({ description: 'Only rejects after this one: `next` of the answer before' }),
  shiftMs: z
    .int()
    .min(-20_000 * day)
    .max(30_000 * day)
    .optional()
    .meta({ description: 'Added to the time of each sample, for a node whose clock was wrong' }),
})
export type ReplayRejects = z.infer<typeof ReplayRejects>

export const ReplayedRejects = z.object({
  replayed: z.int().meta({ description: 'Rejects that were sent again; each is stored once' }),
  left: z.int().meta({ description: 'Rejects that match and come after these' }),
  next: z
    .uuid()
    .nullable()
    .meta({ description: 'Send it as `after` to continue; null: these were the last ones' }),
  rejected: z.array(z.object({ id: z.uuid(), reason: Reason })),
})
export type ReplayedRejects = z.infer<typeof ReplayedRejects>

export const LatestValue = z.object(newestValue)
export type LatestValue = z.infer<typeof LatestValue>

export const SeriesQuery = z.strictObject({
  metric: name,
  ...window,
  resolution: z.enum(resolutions).default('1m').meta({ description: 'raw covers at most a day' }),
})
export const SeriesPage = SeriesQuery.extend({ ...PageQuery, limit: wholeWithin(1, 1_500).default(200) })
export const SeriesCursor = z.tuple([instant, id, z.string().max(64)])

export const SeriesPoint = z.object({
  at: shownInstant.meta({ description: 'The time of the sample, or the beginning of the interval' }),
  nodeUid: z.string(),
  channel: z.string(),
  n: z.int(),
  min: z.number(),
  mean: z.number(),
  max: z.number(),
  last: z.number(),
  increase: z.number().nullable().meta({ description: 'Of a counter; null for a gauge and at `raw`' }),
  quality: z.enum(qualities).nullable().meta({ description: 'At `raw`; null for an interval' }),
})
export type SeriesPoint = z.infer<typeof SeriesPoint>

export const NodePath = z.strictObject({ uid: name })

export const NewCalibration = z.strictObject({
  metric: name,
  channel: z.string().max(64).default(''),
  from: instant,
  gain: z
    .number()
    .min(-1e6)
    .max(1e6)
    .refine((gain) => gain !== 0, 'Must not be 0'),
  shift: z.number().min(-1e9).max(1e9).default(0).meta({ description: 'value = raw · gain + shift' }),
})
export type NewCalibration = z.infer<typeof NewCalibration>

export const Calibration = z.object({
  nodeUid: z.string(),
  metric: z.string(),
  channel: z.string(),
  from: shownInstant,
  gain: z.number(),
  shift: z.number(),
  appliedAt: shownInstant.nullable().meta({ description: 'When the stored samples were calculated anew' }),
})
export type Calibration = z.infer<typeof Calibration>
