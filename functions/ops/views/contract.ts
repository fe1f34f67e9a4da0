import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const View = z
  .strictObject({
    name: z.string(),
    kind: z.enum(['materialized', 'incremental']).meta({
      description: '`incremental`: the statement that appends events also updates the view',
    }),
    populated: z.boolean(),
    lastRefresh: shownInstant.nullable(),
    asOf: shownInstant
      .nullable()
      .meta({ description: 'The last moment at which the view is known to equal its sources' }),
    ageSeconds: z.number().nullable(),
    durationMs: z.number().nullable(),
    rows: z.int().nullable(),
    sizeBytes: z.int(),
    pendingWrites: z
      .int()
      .nullable()
      .meta({ description: 'Writing statements since then; null when they are not counted' }),
    stale: z.boolean().meta({
      description: 'Older than its readers accept, or never refreshed: their answers say `stale` too',
    }),
    skipped: z
      .int()
      .nullable()
      .meta({ description: 'Refreshes skipped since the last one, because no source had changed' }),
    driftKeys: z.int().nullable().meta({
      description:
        'Rows that differed from the newest recount. The run that finds them in a materialized view repairs them; the number stays until a refresh that starts later succeeds. Null before the first refresh',
    }),
    verifiedAt: shownInstant.nullable().meta({
      description:
        'The newest recount of a materialized view: a refresh or a comparison. Of an incremental view, everything was compared since then, by samples',
    }),
  })
  .meta({ id: 'MaterializedView' })
export type View = z.infer<typeof View>
