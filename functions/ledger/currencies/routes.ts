import * as z from 'zod'
import { currencies } from '../../core/currencies.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { bookkeepers } from '../contract.ts'
import { CurrencyInfo } from './contract.ts'

const on = at('/v1/ledger/currencies', 'ledger')

export const currenciesEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List currencies with the decimals of their minor unit',
      roles: bookkeepers,
      answers: { 200: z.object({ data: z.array(CurrencyInfo) }) },
    },
    async () => ok({ data: currencies }),
  ),
]
