import { join } from 'node:path'
import { circles } from './circles.ts'
import { cronTriggers } from './cron-triggers.ts'
import { developmentSettings } from './development-settings.ts'
import { documentPaths } from './documents.ts'
import { doorBreaches } from './doors.ts'
import { importBreaches } from './imports.ts'
import { dialectWords } from './language.ts'
import { lateHooks } from './late-hooks.ts'
import { superLinearPatterns } from './linear-patterns.ts'
import { forgottenPackages } from './lock-file.ts'
import { machinePaths } from './machine-paths.ts'
import { kindNames } from './names.ts'
import { streamQueues } from './queues.ts'
import { sessionLocks } from './session-locks.ts'
import { sqlBorders } from './sql-borders.ts'
import { statementNames } from './statement-names.ts'
import { list, runSteps, type Step, tool } from './steps.ts'
import { readTree } from './tree.ts'

const root = join(import.meta.dirname, '../..')
const tree = readTree(root)
const dependencies = Object.keys(JSON.parse(tree.read('package.json')).dependencies)

const steps: Step[] = [
  { name: 'types', run: () => tool(root, 'tsc', '--noEmit') },
  { name: 'types of web', run: () => tool(root, 'tsc', '--noEmit', '--project', 'web') },
  { name: 'dead code', run: () => tool(root, 'knip', '--no-progress', '--no-config-hints') },
  { name: 'lint', run: () => tool(root, 'oxlint', '--type-aware', '--deny-warnings') },
  { name: 'format', run: () => tool(root, 'biome', 'check', '--reporter=summary', '.') },
  { name: 'import table', run: () => list(importBreaches(tree)) },
  { name: 'circles', run: () => list(circles(tree)) },
  { name: 'doors', run: () => list(doorBreaches(tree, dependencies)) },
  { name: 'SQL borders', run: () => list(sqlBorders(tree)) },
  { name: 'document paths', run: () => list(documentPaths(tree)) },
  { name: 'session locks', run: () => list(sessionLocks(tree)) },
  { name: 'statement names', run: () => list(statementNames(tree)) },
  { name: 'file names', run: () => list(kindNames(tree)) },
  { name: 'language', run: () => list(dialectWords(tree)) },
  { name: 'late hooks', run: () => list(lateHooks(tree)) },
  { name: 'linear patterns', run: () => list(superLinearPatterns(tree)) },
  { name: 'machine paths', run: () => list(machinePaths(tree)) },
  { name: 'lock file', run: () => list(forgottenPackages(JSON.parse(tree.read('package-lock.json')))) },
  { name: 'cron triggers', run: unfiredJobs },
  { name: 'queues', run: unboundStreams },
  { name: 'development settings', run: () => list(developmentSettings(tree.read('wrangler.toml'))) },
]

// Imported inside the step: if cron/index.ts cannot be loaded, this check fails and the others still run.
async function unfiredJobs(): Promise<string> {
  const { crons } = await import('../../cron/index.ts')
  return list(cronTriggers(tree.read('wrangler.toml'), crons))
}

async function unboundStreams(): Promise<string> {
  const { modules } = await import('../../functions/modules.ts')
  const { unstable_readConfig } = await import('wrangler')
  const { queues } = unstable_readConfig({ config: join(root, 'wrangler.toml') })
  const streams = modules.flatMap((module) => module.queues ?? []).map(({ stream }) => stream)
  return list(streamQueues({ producers: queues.producers ?? [], consumers: queues.consumers ?? [] }, streams))
}

const failed = await runSteps(steps, (line) => console.log(line))
process.exitCode = failed > 0 ? 1 : 0
