/** A test that failed, with its first error. */
export type Failed = { name: string; message: string }

export type Outcome = { killed: boolean; how: string }

/**
 * Only a test that ran and failed kills a mutant. A file that does not load proves nothing, and neither does a statement
 * that Postgres cannot parse.
 */
export function outcomeOf(failed: readonly Failed[], { passed }: { passed: boolean }): Outcome {
  if (passed) return { killed: false, how: 'every test passed' }
  const [first] = failed
  if (first === undefined) return { killed: false, how: 'no test ran and failed' }
  const how = `${first.name}: ${first.message.split('\n', 2).join(' ').slice(0, 240)}`
  return { killed: !/syntax error at|SyntaxError|is not defined/.test(first.message), how }
}
