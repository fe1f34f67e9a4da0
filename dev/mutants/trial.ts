import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProvidedContext } from 'vitest'
import { createVitest, type TestModule, type Vitest } from 'vitest/node'
import { fileName, readMigrations } from '../migrations/files.ts'
import { buildWorker } from '../system/build.ts'
import { type Mutant, mutate } from './mutant.ts'
import { type Failed, type Outcome, outcomeOf } from './outcome.ts'
import { keepTemplate } from './template.ts'

const root = join(import.meta.dirname, '../..')
const kept = join(root, '.kept')

/** Runs in the copy. One vitest and one Postgres serve all mutants, so that a mutant costs seconds. */
export async function tryMutants(
  mutants: readonly Mutant[],
  report: (mutant: Mutant, outcome: Outcome) => void,
): Promise<void> {
  for (const column of ['schema', 'functions'])
    cpSync(join(root, column), join(kept, column), { recursive: true })
  const vitest = await createVitest('test', {
    root,
    watch: false,
    bail: 1,
    // A process that is used again keeps the modules of the mutant before.
    isolate: true,
    testTimeout: 40_000,
    reporters: [{}],
  })
  const sound = new Map<string, Outcome>()
  const trial = { vitest, template: null as Awaited<ReturnType<typeof keepTemplate>> | null }
  try {
    for (const mutant of mutants) {
      // Tests that fail anyway would kill every mutant.
      for (const test of mutant.tests) if (!sound.has(test)) sound.set(test, await runTests(vitest, [test]))
      const unsound = mutant.tests.find((test) => sound.get(test)?.how !== passing)
      const outcome =
        unsound === undefined
          ? await tryOne(trial, mutant)
          : { killed: false, how: `${unsound} fails without the mutant: ${sound.get(unsound)?.how}` }
      report(mutant, outcome)
    }
  } finally {
    await vitest.close()
  }
}

const passing = outcomeOf([], { passed: true }).how

type Trial = { vitest: Vitest; template: Awaited<ReturnType<typeof keepTemplate>> | null }

async function tryOne(trial: Trial, mutant: Mutant): Promise<Outcome> {
  const { vitest } = trial
  const file = join(root, mutant.file)
  const inSchema = mutant.file.startsWith('schema/')
  const { templateUrl, workerFolder } = provided(vitest)
  const withWorker = mutant.tests.some((test) => /\.(worker|page)\.test\.ts$/.test(test))
  const rebuild = async () => withWorker && workerFolder !== undefined && buildWorker(workerFolder)
  try {
    const source = mutate(readFileSync(file, 'utf8'), mutant)
    writeFileSync(file, source)
    vitest.invalidateFile(file)
    if (inSchema && templateUrl !== undefined) {
      trial.template ??= await keepTemplate(templateUrl)
      await writeMigration(mutant.file, source)
      await trial.template.migrated()
    }
    await rebuild()
    return await runTests(vitest, mutant.tests)
  } catch (error) {
    return { killed: false, how: error instanceof Error ? error.message : String(error) }
  } finally {
    const changed = inSchema ? 'schema' : mutant.file
    rmSync(join(root, changed), { recursive: true })
    cpSync(join(kept, changed), join(root, changed), { recursive: true })
    vitest.invalidateFile(file)
    if (inSchema) await trial.template?.restored()
    await rebuild()
  }
}

/** The values of the global setup; nothing if only unit tests ran, which have none. */
function provided({ projects }: Vitest): Partial<ProvidedContext> {
  return projects.find(({ name }) => name === 'system')?.getProvidedContext() ?? {}
}

/** The file of a function is a migration as it stands. Any other change is compared with the migrations. */
async function writeMigration(file: string, source: string): Promise<void> {
  if (file.endsWith('.sql') && /^create or replace (?:function|view)/m.test(source)) {
    const next = fileName(readMigrations().length + 1, 'mutant')
    writeFileSync(join(root, 'schema/migrations', next), source)
    return
  }
  const generate = ['dev/migrations/generate.ts', '--name', 'mutant']
  const child = spawn(process.execPath, generate, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  const [code] = await once(child, 'close')
  if (code !== 0 || output.startsWith('No difference')) throw new Error(`No migration: ${output}`)
}

async function runTests(vitest: Vitest, tests: readonly string[]): Promise<Outcome> {
  const paths = tests.map((test) => join(root, test))
  const result = await vitest.runTestSpecifications(await vitest.globTestSpecifications(paths))
  // Vitest returns the modules of earlier runs as well.
  const modules = result.testModules.filter(({ moduleId }) => paths.includes(moduleId))
  const passed =
    modules.length === tests.length &&
    modules.every((module) => module.ok()) &&
    result.unhandledErrors.length === 0
  return outcomeOf(modules.flatMap(failures), { passed })
}

function failures(module: TestModule): Failed[] {
  return [...module.children.allTests('failed')].map((test) => ({
    name: test.fullName,
    message: test.result().errors?.[0]?.message ?? '',
  }))
}
