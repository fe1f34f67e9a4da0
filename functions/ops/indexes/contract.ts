import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const Index = z
  .strictObject({
    name: z.string(),
    table: z.string(),
    sizeBytes: z.int(),
    scans: z.int().meta({ description: 'Since the counters began' }),
    lastScan: shownInstant.nullable(),
    constraint: z.boolean().meta({ description: 'It enforces a key, so it is never unused' }),
    invalid: z
      .boolean()
      .meta({ description: 'A concurrent build failed: no query uses it, every write updates it' }),
    duplicateOf: z
      .string()
      .nullable()
      .meta({ description: 'Another index with the same columns and condition' }),
    serves: z.string().nullable().meta({ description: 'The query that it was made for' }),
    recordedDays: z.int().meta({ description: 'Days on which its scans were recorded' }),
    unusedDays: z
      .int()
      .nullable()
      .meta({ description: 'Days since its count last rose; null without records' }),
    verdict: z.enum(['used', 'unused', 'too early to say', 'constraint', 'invalid']),
  })
  .meta({ id: 'IndexFigures' })
export type Index = z.infer<typeof Index>
