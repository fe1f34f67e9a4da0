/**
 * ISO 4217: the currencies whose minor unit is not a hundredth, by their number of decimals. Intl has the data of CLDR,
 * which differ for some currencies.
 */
const decimals: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

export const exponents: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(decimals).flatMap(([number, codes]) =>
    codes.split(' ').map((code) => [code, Number(number)]),
  ),
)
