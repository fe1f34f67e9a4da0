import type { Program } from '../measurement.ts'
import { storeBesideCopy, storeBesideSeed, storeBesideSteps } from './store.ts'

export const fleet: Program = {
  'store-200': storeBesideSeed,
  'store-200-steps': storeBesideSteps,
  'store-2000': storeBesideCopy,
}
