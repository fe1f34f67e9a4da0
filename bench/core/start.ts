import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from '../../dev/system/build.ts'
import { listProcesses } from '../../dev/system/processes.ts'
import { startWorker } from '../../dev/system/worker.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, compare, mustBe } from '../method.ts'

/** Processor time of workerd until its first answer, beside a handler that does nothing. */
export const start: Measurement = async (rig, pace) => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-start-'))
  try {
    const ours = await buildWorker(join(folder, 'ours'))
    const bare = await buildWorker(join(folder, 'bare'), {
      entry: join(import.meta.dirname, 'bare/worker.ts'),
    })
    console.log(`bundle: ${(statSync(ours).size / 1024).toFixed(0)} KiB`)
    await compare(
      {
        name: 'core start of the Worker until its first answer',
        unit: 'ms of processor time',
        database: (await rig.database()).owner,
        value: ({ latenciesMs: [cpuMs = Number.NaN] }) => cpuMs,
        ours: starting('the Worker', ours),
        baseline: starting('bare handler', bare),
      },
      pace,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function starting(name: string, bundle: string): Contender {
  return {
    name,
    async turn() {
      const begun = performance.now()
      const known = new Set(workerds())
      const worker = await startWorker({ bundle, bindings: {}, onLog: () => undefined })
      try {
        const response = await fetch(`${worker.url}/nothing`)
        await response.arrayBuffer()
        mustBe(response.status >= 400, true, 'whether nothing was found')
        const cpuMs = workerds()
          .filter((pid) => !known.has(pid))
          .reduce((sum, pid) => sum + cpuMsOf(pid), 0)
        return { operations: 1, seconds: (performance.now() - begun) / 1000, latenciesMs: [cpuMs] }
      } finally {
        await worker.dispose()
      }
    },
    verify: async ({ latenciesMs: [cpuMs = 0] }) => mustBe(cpuMs > 0, true, 'whether workerd was found'),
  }
}

/** The processes of workerd that this process started. */
function workerds(): number[] {
  return listProcesses()
    .filter(({ parent, command }) => parent === process.pid && command.includes('workerd'))
    .map(({ pid }) => pid)
}

/** User and system time, which Linux counts in hundredths of a second. The name before them may contain spaces. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
