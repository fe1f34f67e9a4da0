import type { Program } from '../measurement.ts'
import { alert } from './alert.ts'
import { counting } from './counting.ts'
import { evaluation } from './evaluation.ts'
import { lists } from './lists.ts'
import { metrics } from './metrics.ts'
import { pulse } from './pulse.ts'
import { replicas } from './replicas.ts'
import { reports } from './reports.ts'
import { share } from './share.ts'

export const ops: Program = { counting, reports, metrics, lists, evaluation, pulse, share, replicas, alert }
