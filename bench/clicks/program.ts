import type { Program } from '../measurement.ts'
import { batch } from './batch.ts'
import { redirect } from './redirect.ts'
import { stats } from './stats.ts'

export const clicks: Program = { redirect, batch, stats }
