import * as z from 'zod'
import { nodeTypes, qualities } from '../../schema/fleet/states.ts'
import { id, shownInstant } from '../http/fields.ts'

/** Text that a person reads: no line breaks, and none of it blank. */
export function text(most: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]*$/u, 'Must be one line of text')
}

export const NodeType = z.enum(nodeTypes).meta({ id: 'NodeType' })

/** In whole thousandths, as they are stored, so that a sum of doses is exact. */
export const amount = z.number().min(0).max(999_999_999).multipleOf(0.001)
export const dose = amount.min(0.001)

/** Lists that are sorted by id. */
export const IdCursor = z.tuple([id])

export const notEmpty = (change: object) => Object.keys(change).length > 0

export const MetricName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'Must be the name of a metric')
  .meta({ examples: ['ph'] })
/** `nd-<type>-<8 hex>`, and a number behind it if another device has that name. */
export const NodeUid = z.string().regex(/^nd-[a-z]+-[0-9a-f]{8}(-[2-5])?$/, 'Must be the uid of a node')

export const UidPath = z.strictObject({ uid: NodeUid })

/** The newest value of a metric in a zone. */
export const newestValue = {
  metric: z.string(),
  channel: z.string(),
  value: z.number(),
  unit: z.string(),
  ts: shownInstant,
  ageSeconds: z.int(),
  quality: z.enum(qualities),
  stale: z.boolean(),
  nodeUid: z.string(),
}
