import { parsed } from './parsed.ts'
import { readImports, targetOf } from './read-imports.ts'
import { type Finding, lineOf, type Tree, textFiles } from './tree.ts'

/** The packages in which the whole Worker is written. */
const open: readonly string[] = ['drizzle-orm', 'hono', 'zod']

/** Every other package of the Worker, and the one file that imports it: to replace the package is to edit that file. */
const doors: Readonly<Record<string, string>> = {
  '@neondatabase/serverless': 'functions/core/db.ts',
  bowser: 'functions/clicks/clicks/agent.ts',
  croner: 'functions/ops/jobs/schedule.ts',
  isbot: 'functions/clicks/clicks/bot.ts',
  jose: 'functions/http/auth.ts',
  'mqtt-packet': 'functions/fleet/configs/open-broker.ts',
  'satellite.js': 'functions/space/iss/orbit.ts',
  uuid: 'functions/clicks/clicks/new-id.ts',
}

const worker = /^(?:functions|schema|cron)\/|^worker\.ts$/

/** `dependencies` are the run-time packages of package.json. */
export function doorBreaches(tree: Tree, dependencies: readonly string[], table = doors): Finding[] {
  const uses = textFiles(tree, '.ts')
    .filter((path) => worker.test(path))
    .flatMap((path) => packagesOf(path, tree.read(path)))
  const past = uses
    .filter(({ name, path }) => !open.includes(name) && table[name] !== path)
    .map(({ name, path, line }) => ({
      where: `${path}:${line}`,
      what: `imports ${name}: ${table[name] === undefined ? 'give it a door in dev/check/doors.ts' : `only ${table[name]} may`}`,
    }))
  const unused = Object.entries(table)
    .filter(([name, door]) => !uses.some((use) => use.name === name && use.path === door))
    .map(([name, door]) => ({
      where: 'dev/check/doors.ts',
      what: `names ${door} for ${name}, which does not import it`,
    }))
  const missing = dependencies
    .filter((name) => !open.includes(name) && table[name] === undefined)
    .map((name) => ({ where: 'package.json', what: `has ${name}, which has no door in dev/check/doors.ts` }))
  return [...past, ...unused, ...missing]
}

function packagesOf(path: string, text: string): { name: string; path: string; line: number }[] {
  return readImports(parsed(path, text).program).flatMap(({ specifier, offset }) => {
    const target = specifier === null ? '' : targetOf(path, specifier)
    const [, name] = /^npm:((?:@[^/]+\/)?[^/]+)/.exec(target) ?? []
    return name === undefined ? [] : [{ name, path, line: lineOf(text, offset) }]
  })
}
