/**
 * The decimals of the minor units that have not two, as the API counts them (ISO 4217). `Intl` has the decimals that
 * people use for cash instead: none for IQD, where the API counts thousandths. A test compares the two tables.
 */
const others: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

const exponents = new Map(
  Object.entries(others).flatMap(([decimals, codes]) =>
    codes.split(' ').map((code) => [code, Number(decimals)] as const),
  ),
)

/** How many decimals the minor unit of a currency has. */
export function decimalsOf(currency: string): number {
  return exponents.get(currency) ?? 2
}
