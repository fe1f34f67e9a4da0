import type { Program } from '../measurement.ts'
import { appendHundred, appendSingle, appendThousand } from './append.ts'
import { deadlocks, hotBets, hotCredits } from './crowd.ts'
import { depth } from './depth.ts'
import { besideEmmett } from './emmett.ts'
import { besideImmediateView, besideResum, longHistory } from './maintained.ts'
import { place } from './place.ts'
import { rebuild } from './rebuild.ts'
import { transfersBesideSavepoints, transfersBesideSingle } from './transfers.ts'

export const ledger: Program = {
  'append-1000': appendThousand,
  'append-100': appendHundred,
  'append-1': appendSingle,
  resum: besideResum,
  'resum-long': longHistory,
  ivm: besideImmediateView,
  emmett: besideEmmett,
  'hot-credits': hotCredits,
  'hot-bets': hotBets,
  deadlocks,
  'transfers-savepoint': transfersBesideSavepoints,
  'transfers-single': transfersBesideSingle,
  place,
  depth,
  rebuild,
}
