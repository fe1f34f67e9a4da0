import type { Program } from '../measurement.ts'
import { evaluation } from './evaluation.ts'
import { pulse } from './pulse.ts'

export const ops: Program = { evaluation, pulse }
