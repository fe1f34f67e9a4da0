const step = 10_000

/** Fills a large table in transactions of ten thousand rows, so that no fill holds the horizon of the cluster for long. */
export async function inSteps(
  rows: number,
  fill: (from: number, to: number) => Promise<unknown>,
): Promise<void> {
  for (let from = 1; from <= rows; from += step) await fill(from, Math.min(from + step - 1, rows))
}
