import { parseArgs } from 'node:util'
import { untilStopped } from '../dev/system/stopping.ts'
import type { Measurement, Program } from './measurement.ts'
import type { Pace } from './method.ts'
import { programs } from './programs.ts'
import { startRig } from './rig.ts'

const usage = `usage: npm run bench [program] [measurement…] -- [--rounds 5] [--seconds 2]
programs: ${Object.keys(programs).join(', ')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
  },
})

process.exitCode = await run(positionals, { rounds: Number(values.rounds), seconds: Number(values.seconds) })

async function run([name, ...only]: string[], pace: Pace): Promise<number> {
  const chosen = Object.keys(programs).filter((program) => name === undefined || program === name)
  const measurements: [string, Measurement][] = []
  for (const program of chosen)
    measurements.push(...named(program, (await programs[program]?.()) ?? {}, only))
  const unknown = only.filter(
    (one) => !measurements.some(([measurement]) => measurement === `${name} ${one}`),
  )
  if (measurements.length === 0 || unknown.length > 0 || !(pace.rounds >= 1) || !(pace.seconds > 0)) {
    console.error(usage)
    for (const program of chosen)
      console.error(`${program}: ${Object.keys((await programs[program]?.()) ?? {}).join(', ')}`)
    return 2
  }
  const { signal, stopped } = untilStopped()
  const rig = await startRig()
  try {
    for (const [, measure] of measurements) {
      if (signal.aborted) return 130
      await Promise.race([measure(rig, pace), stopped])
    }
    return signal.aborted ? 130 : 0
  } catch (error) {
    console.error(error)
    return 1
  } finally {
    await rig.end()
  }
}

function named(program: string, all: Program, only: string[]): [string, Measurement][] {
  return Object.entries(all)
    .filter(([measurement]) => only.length === 0 || only.includes(measurement))
    .map(([measurement, measure]) => [`${program} ${measurement}`, measure])
}
