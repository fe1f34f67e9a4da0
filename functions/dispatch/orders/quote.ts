import { currency, priceMinorFor } from '../rules.ts'

type Quote = { boxesCount: number; priceMinor: number; currency: string }

/** The price of an order with this many boxes. */
export function quoteOrder({ boxesCount }: { boxesCount: number }): Quote {
  return { boxesCount, priceMinor: priceMinorFor(boxesCount), currency }
}
