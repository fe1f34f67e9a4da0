import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import type { Finding } from './tree.ts'

/** A step returns its findings as text, and the empty string when there are none. */
export type Step = { name: string; run: () => string | Promise<string> }

/** Runs all steps at once and prints every failure, not only the first. Returns how many failed. */
export async function runSteps(steps: Step[], print: (line: string) => void): Promise<number> {
  const width = Math.max(...steps.map(({ name }) => name.length))
  const started = performance.now()
  const results = await Promise.all(
    steps.map(async (step) => {
      const { wrong, ms } = await timed(step)
      print(`${wrong ? '✗' : '✓'} ${step.name.padEnd(width)} ${seconds(ms)}`)
      return { name: step.name, wrong }
    }),
  )
  const failed = results.filter(({ wrong }) => wrong)
  for (const { name, wrong } of failed) print(`\n── ${name}\n${wrong}`)
  const total = seconds(performance.now() - started)
  print(
    failed.length > 0
      ? `\n${failed.length} of ${steps.length} checks failed in ${total}`
      : `${steps.length} checks passed in ${total}`,
  )
  return failed.length
}

/** For tools written in Go that run for seconds: collecting garbage takes a quarter of their time. */
export const briefGo = { GOGC: 'off', GOMEMLIMIT: '2GiB' }

/** Runs a tool of node_modules. If it fails, its output is the finding. */
export function tool(root: string, name: string, ...args: string[]): Promise<string> {
  const bin = join(root, 'node_modules', '.bin')
  return new Promise((resolve, reject) => {
    const child = spawn(join(bin, name), args, {
      cwd: root,
      env: {
        ...process.env,
        ...briefGo,
        PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
        NO_COLOR: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const printed = Buffer.concat(chunks).toString().trim()
      resolve(code === 0 ? '' : printed || `${name} ended with ${code}`)
    })
  })
}

export function list(findings: Finding[]): string {
  return findings.map(({ where, what }) => `${where} ${what}`).join('\n')
}

async function timed(step: Step): Promise<{ wrong: string; ms: number }> {
  const started = performance.now()
  try {
    return { wrong: await step.run(), ms: performance.now() - started }
  } catch (error) {
    const wrong = error instanceof Error ? error.message : String(error)
    return { wrong: wrong || 'failed without a message', ms: performance.now() - started }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
