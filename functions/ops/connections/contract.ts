import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const Connections = z
  .strictObject({
    asOf: shownInstant,
    sum: z.string().meta({
      description: 'The arithmetic in one line',
      examples: ['97 = 2 migrations + 3 operator + 92 pool; need 3.1; 4 in use, 4 %'],
    }),
    maxConnections: z.int(),
    reserved: z.int().meta({ description: 'Kept by Postgres for its superusers' }),
    available: z.int().meta({ description: 'maxConnections minus reserved' }),
    pool: z.strictObject({
      size: z.int().meta({ description: 'Connections that the Worker may use at once' }),
      pooled: z.boolean().meta({ description: 'Whether DATABASE_URL names a pooled endpoint of Neon' }),
    }),
    need: z.number().nullable().meta({
      description:
        'Connections that the last five minutes needed at once: the time of all statements in a second, and the sessions of jobs',
    }),
    why: z.string().nullable().meta({ description: 'Why the need is unknown; null when it is known' }),
    used: z.int().meta({ description: 'Connections of clients now, this query not counted' }),
    usedShare: z.number().meta({ description: 'used / available' }),
    oldestTransactionSeconds: z.number().nullable(),
    groups: z.array(
      z.strictObject({
        role: z.string().nullable(),
        application: z.string(),
        state: z.string().nullable(),
        count: z.int(),
      }),
    ),
  })
  .meta({ id: 'Connections' })
export type Connections = z.infer<typeof Connections>
