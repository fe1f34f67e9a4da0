import type { Program } from '../measurement.ts'
import { batch } from './batch.ts'
import { kutt } from './kutt.ts'
import { outage } from './outage.ts'
import { plans } from './plans.ts'
import { redirect } from './redirect.ts'
import { stats } from './stats.ts'

export const clicks: Program = { redirect, kutt, batch, stats, plans, outage }
