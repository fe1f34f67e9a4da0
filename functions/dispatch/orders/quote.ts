import { currency, priceMinorFor } from '../rules.ts'

type Quote = { boxesCount: number; priceMinor: number; currency: string }

/** What an order of so many boxes would cost. */
export function quoteOrder({ boxesCount }: { boxesCount: number }): Quote {
  return { boxesCount, priceMinor: priceMinorFor(boxesCount), currency }
}
