import type { Program } from '../measurement.ts'
import { cycle5000, cycle50000 } from './cycle.ts'
import { hello } from './hello.ts'
import { readable } from './readable.ts'
import { storeBesideCopy, storeBesideSeed, storeBesideSteps } from './store.ts'

export const fleet: Program = {
  'store-200': storeBesideSeed,
  'store-200-steps': storeBesideSteps,
  'store-2000': storeBesideCopy,
  hello,
  readable,
  'cycle-5000': cycle5000,
  'cycle-50000': cycle50000,
}
