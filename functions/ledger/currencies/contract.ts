import * as z from 'zod'

/** ISO 4217: the currencies whose minor unit is not a hundredth, by their number of decimals. */
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

const exponentByCode = new Map<string, number>([
  ...twoDecimals.split(' ').map((code) => [code, 2] as const),
  ...Object.entries(exponents).flatMap(([decimals, codes]) =>
    codes.split(' ').map((code) => [code, Number(decimals)] as const),
  ),
])

export const currencies: readonly { code: string; exponent: number }[] = [...exponentByCode]
  .map(([code, exponent]) => ({ code, exponent }))
  .sort((a, b) => (a.code < b.code ? -1 : 1))

export function exponentOf(code: string): number {
  return exponentByCode.get(code) ?? 2
}

/** In a path, without the description that a field of a body has. */
export const currencyCode = z.enum(
  currencies.map(({ code }) => code),
  'Must be a currency of ISO 4217, as in "USD"',
)
export const Currency = currencyCode.meta({ id: 'CurrencyCode', description: 'ISO 4217', example: 'USD' })

export const CurrencyInfo = z.strictObject({ code: z.string(), exponent: z.int() }).meta({ id: 'Currency' })
