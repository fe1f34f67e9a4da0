import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'
import { listOf } from '../contract.ts'

export const Activity = listOf(
  z.strictObject({ activityType: z.string(), details: z.string(), activityTime: shownInstant }),
).meta({ id: 'SpaceActivity' })
