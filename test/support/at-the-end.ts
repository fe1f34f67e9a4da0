import { afterAll, onTestFinished, TestRunner } from 'vitest'

/**
 * Clears away when the calling test ends or, when called outside of a test, when its file ends. Vitest ignores an
 * `afterAll` that is called while a test runs: its connections would outlive the file.
 */
export function atTheEnd(work: () => unknown): void {
  const clear = async () => {
    await work()
  }
  const register = TestRunner.getCurrentTest() === undefined ? afterAll : onTestFinished
  register(clear)
}
