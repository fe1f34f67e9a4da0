import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const Table = z
  .strictObject({
    name: z.string(),
    rows: z.int().nullable().meta({ description: 'As Postgres estimates; null before the first vacuum' }),
    deadRows: z.int(),
    tableBytes: z.int(),
    indexBytes: z.int(),
    totalBytes: z.int().meta({ description: 'With indexes and large values' }),
    growthBytesPerDay: z.number().nullable().meta({
      description: 'Of the table alone, over the last 14 days of records; null before the second day',
    }),
    vacuumedAt: shownInstant.nullable(),
    analyzedAt: shownInstant.nullable(),
    hitRatio: z.number().nullable().meta({
      description: 'Share of blocks found in memory since the counters began; null if none was read',
    }),
    sequentialShare: z
      .number()
      .nullable()
      .meta({ description: 'Share of scans that read the whole table; null if there were none' }),
    xidAge: z.int().meta({ description: 'Transactions since the oldest unfrozen row' }),
    identityLeft: z
      .number()
      .nullable()
      .meta({ description: 'Share of the numbers of its identity column that is left; null without one' }),
  })
  .meta({ id: 'TableFigures' })
export type Table = z.infer<typeof Table>

export const TableOrder = z.strictObject({
  order: z.enum(['size', 'name', 'dead', 'sequential']).default('size'),
})
