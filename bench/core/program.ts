import type { Program } from '../measurement.ts'
import { hit } from './hit.ts'
import { start } from './start.ts'

export const core: Program = { start, hit }
