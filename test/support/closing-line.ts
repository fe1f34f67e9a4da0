import type { Reporter, TestModule } from 'vitest/node'

/** Ends the output with one line that counts: `123 passed, 0 failed`. */
export function closingLine(print: (line: string) => void = console.log): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
      for (const module of modules) count(module, counts)
      const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
      print(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
    },
  }
}

function count(module: TestModule, counts: { passed: number; failed: number; skipped: number }): void {
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    if (state !== 'pending') counts[state]++
  }
  // A file that cannot be read, or a suite whose hook throws, has no failed test to count.
  counts.failed += module.errors().length
  for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
}
