import { appendHundred, appendSingle, appendThousand } from './ledger/append.ts'
import type { Program } from './run.ts'

export const ledger: Program = {
  'append-1000': appendThousand,
  'append-100': appendHundred,
  'append-1': appendSingle,
}
