import { afterAll, onTestFinished, TestRunner } from 'vitest'

/**
 * Clears away when the test that asks ends, or, asked outside of a test, when its file ends. Vitest ignores an `afterAll`
 * that is called while a test runs: what it was to close would outlive the file.
 */
export function atTheEnd(work: () => unknown): void {
  const clear = async () => {
    await work()
  }
  const register = TestRunner.getCurrentTest() === undefined ? afterAll : onTestFinished
  register(clear)
}
