type Limits = { raise: number; clear: number }

/** The value that is furthest beyond the limit, or nearest to it. An unknown value stands behind those that are known. */
export function worstOf<M extends { value: number | null }>(
  measured: readonly M[],
  { raise, clear }: Limits,
): M | undefined {
  const known = measured.filter(({ value }) => value !== null)
  const rank = ({ value }: M) => (raise < clear ? -(value ?? 0) : (value ?? 0))
  return known.toSorted((a, b) => rank(b) - rank(a))[0] ?? measured[0]
}
