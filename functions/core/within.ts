/** The result of the work, or `late` when it takes longer. The work goes on, and its result is dropped. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The result of the work, or an error when it takes longer. */
export async function orTooLate<T>(work: Promise<T>, ms: number): Promise<T> {
  const result = await within(work, ms)
  if (result === 'late') throw new Error(`No answer within ${ms} ms`)
  return result
}
