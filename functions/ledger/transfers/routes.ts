import { orThrow } from '../../core/errors.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { batchLimitBytes, bookkeepers } from '../contract.ts'
import { TransferBatch, TransferResults } from './contract.ts'
import { transferMoney } from './transfer.ts'

const on = at('/v1/ledger/transfers', 'ledger')

export const transfersEndpoints: Endpoint[] = [
  on.post(
    '/batch',
    {
      summary: 'Transfer money between users, up to 1,000 transfers at once',
      description: [
        'Transfers are made in order; each one sees the balances after the earlier ones.',
        'With `atomic` all are made or none; otherwise each has its own result.',
        'A refused atomic batch lists the positions of its first 100 rejected transfers in `rejectedAt`, and in `results`',
        'the first results, up to 12 kB; `omitted` counts the others.',
      ].join(' '),
      roles: bookkeepers,
      body: TransferBatch,
      bodyLimitBytes: batchLimitBytes,
      answers: { 200: TransferResults },
      problems: ['transfers_rejected', 'amount_out_of_range'],
    },
    async (ctx, { body }) => ok(orThrow(await transferMoney(ctx, body)).value),
  ),
]
