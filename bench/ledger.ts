import { appendHundred, appendSingle, appendThousand } from './ledger/append.ts'
import { deadlocks, hotBets, hotCredits } from './ledger/crowd.ts'
import { depth } from './ledger/depth.ts'
import { besideEmmett } from './ledger/emmett.ts'
import { besideImmediateView, besideResum, longHistory } from './ledger/maintained.ts'
import { place } from './ledger/place.ts'
import { rebuild } from './ledger/rebuild.ts'
import { transfersBesideSavepoints, transfersBesideSingle } from './ledger/transfers.ts'
import type { Program } from './run.ts'

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
