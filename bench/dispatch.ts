import { claimById } from './dispatch/claim.ts'
import type { Program } from './run.ts'

export const dispatch: Program = { claim: claimById }
