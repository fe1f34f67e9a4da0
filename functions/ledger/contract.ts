import * as z from 'zod'

/** ISO 4217: how many decimals the minor unit of a currency stands for, where it is not two. */
const exponents: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

const twoDecimals =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC ' +
  'CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ' +
  'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD ' +
  'NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN ' +
  'SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG'

const exponentOf = new Map<string, number>([
  ...twoDecimals.split(' ').map((code) => [code, 2] as const),
  ...Object.entries(exponents).flatMap(([decimals, codes]) =>
    codes.split(' ').map((code) => [code, Number(decimals)] as const),
  ),
])

export const currencies: readonly { code: string; exponent: number }[] = [...exponentOf]
  .map(([code, exponent]) => ({ code, exponent }))
  .sort((a, b) => (a.code < b.code ? -1 : 1))

/** The largest amount a JSON number carries exactly, 2^53 - 1. */
export const maxMinor = Number.MAX_SAFE_INTEGER

/** Minor units, always positive: the direction is the event's or the command's, never a sign. */
export const AmountMinor = z
  .int()
  .min(1)
  .max(maxMinor)
  .meta({ description: 'Minor units of the currency: cents for USD, yen for JPY', example: 1000 })

/** A payout may be nothing. */
export const PayoutMinor = z.int().min(0).max(maxMinor).meta({ description: 'Minor units', example: 2500 })

export const Currency = z
  .string()
  .refine((code) => exponentOf.has(code), 'Must be an ISO 4217 currency code')
  .meta({ description: 'ISO 4217', example: 'USD' })

/** Exact decimals travel as strings: a float would already be another number. */
export const Odds = z
  .string()
  .regex(/^[1-9]\d{0,5}(\.\d{1,8})?$/, 'Must be a decimal of at least 1, with at most 8 places, as in "2.50"')
  .meta({ description: 'Decimal odds, exact', example: '2.50' })

/** Ids that callers choose: users, and streams of the raw append. */
const callersId = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:@+-]{0,127}$/, 'Letters, digits and . _ : @ + -, at most 128')

export const UserId = callersId.meta({ description: 'The tenant’s own id of a user', example: 'u-1' })
export const AggregateId = callersId.meta({ description: 'The stream: a bet, a payment, a transfer' })

export const Selection = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ description: 'What was bet on', example: 'home' })
export const Reason = z.string().trim().min(1).max(500)

export const betStatuses = [
  'placed',
  'accepted',
  'rejected',
  'won',
  'lost',
  'voided',
  'cancelled',
  'cashed_out',
] as const
export type BetStatus = (typeof betStatuses)[number]

export const paymentKinds = ['deposit', 'withdrawal'] as const
export type PaymentKind = (typeof paymentKinds)[number]

export const paymentStatuses = ['requested', 'completed', 'failed', 'rejected', 'charged_back'] as const
export type PaymentStatus = (typeof paymentStatuses)[number]
