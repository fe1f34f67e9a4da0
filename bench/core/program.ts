import type { Program } from '../measurement.ts'
import { start } from './start.ts'

export const core: Program = { start }
