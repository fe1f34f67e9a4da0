/**
 * The currencies that an amount can have: the active list of ISO 4217 since BGN left it in 2026, funds included. Not among
 * them are the codes without a minor unit (metals, bond units, XTS, XXX) and the units between banks (XAD, XDR, XSU, XUA).
 * `Intl` has withdrawn codes, lacks current ones, and changes with the runtime.
 */
const codes: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY ' +
    'COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS ' +
    'INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR ' +
    'MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP ' +
    'STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

/** `exponent`: the decimals of the minor unit. */
export const currencies: readonly { code: string; exponent: number }[] = Object.entries(codes)
  .flatMap(([exponent, list]) => list.split(' ').map((code) => ({ code, exponent: Number(exponent) })))
  .sort((a, b) => (a.code < b.code ? -1 : 1))

/** Of the currencies whose minor unit is not a hundredth. */
export const exponents: Readonly<Record<string, number>> = Object.fromEntries(
  currencies.filter(({ exponent }) => exponent !== 2).map(({ code, exponent }) => [code, exponent]),
)

export function exponentOf(code: string): number {
  return exponents[code] ?? 2
}

const known = new Set(currencies.map(({ code }) => code))

export function isCurrency(code: string): boolean {
  return known.has(code)
}
