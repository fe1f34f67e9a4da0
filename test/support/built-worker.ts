import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { inject } from 'vitest'
import { buildWorker } from '../../dev/system/build.ts'
import type { WorkerConfig } from '../../dev/system/worker-config.ts'

export type BuiltWorker = {
  bundle: string
  config: WorkerConfig
  /** The file of its OpenAPI document. Writing it loads every module, which each process would do anew. */
  document: string
}

const kept = globalThis as { lockstepBuiltWorker?: Promise<BuiltWorker> }

/** The Worker of this run. The first file that needs it builds it, and the others wait for that one. */
export function builtWorker(): Promise<BuiltWorker> {
  return (kept.lockstepBuiltWorker ??= builtIn(inject('workerFolder')))
}

type Result = { worker: BuiltWorker } | { failure: string }

async function builtIn(folder: string): Promise<BuiltWorker> {
  const file = join(folder, 'result.json')
  // It returns a path to the one process alone that made the folder.
  const isFirst = mkdirSync(folder, { recursive: true }) !== undefined
  if (isFirst) writeWhole(file, await build(folder))
  while (!existsSync(file)) await delay(50)
  const result: Result = JSON.parse(readFileSync(file, 'utf8'))
  if ('failure' in result) throw new Error(result.failure)
  return result.worker
}

async function build(folder: string): Promise<Result> {
  try {
    const bundle = buildWorker(folder)
    const [{ openApiDocument }, { endpoints, webhooks }, { readWorkerConfig }] = await Promise.all([
      import('../../functions/http/openapi.ts'),
      import('./system.ts'),
      import('../../dev/system/worker-config.ts'),
    ])
    const document = join(folder, 'openapi.json')
    writeFileSync(document, JSON.stringify(openApiDocument(endpoints, webhooks)))
    return { worker: { bundle: await bundle, config: readWorkerConfig(), document } }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

/** A reader sees all of it or no file. */
function writeWhole(file: string, result: Result): void {
  writeFileSync(`${file}.new`, JSON.stringify(result))
  renameSync(`${file}.new`, file)
}
