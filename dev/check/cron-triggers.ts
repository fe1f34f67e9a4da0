import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Finding, Tree } from './tree.ts'

/** Cloudflare fires what wrangler.toml lists and nothing else: a job whose expression is missing there never runs. */
export function cronTriggers(toml: string, table: readonly string[]): Finding[] {
  const listed = triggersIn(toml)
  const wanted = new Set(table)
  return [
    ...[...wanted]
      .filter((expression) => !listed.has(expression))
      .map((expression) => ({
        where: 'wrangler.toml',
        what: `crons lacks "${expression}", which cron/index.ts runs`,
      })),
    ...[...listed]
      .filter((expression) => !wanted.has(expression))
      .map((expression) => ({
        where: 'wrangler.toml',
        what: `crons has "${expression}", for which cron/index.ts has no job`,
      })),
  ]
}

/** Null while there is no clock: the check wakes up with cron/index.ts. */
export async function cronTable(tree: Tree, root: string): Promise<readonly string[] | null> {
  if (!tree.paths.includes('cron/index.ts')) return null
  const clock: unknown = await import(pathToFileURL(join(root, 'cron/index.ts')).href)
  const expressions =
    clock && typeof clock === 'object' && 'cronExpressions' in clock ? clock.cronExpressions : null
  if (Array.isArray(expressions) && expressions.every((one) => typeof one === 'string')) return expressions
  throw new Error('cron/index.ts must export `cronExpressions`, the list of its cron expressions')
}

function triggersIn(toml: string): Set<string> {
  const [, list = ''] = /^crons\s*=\s*\[([^\]]*)\]/m.exec(toml) ?? []
  const lines = list.split('\n').filter((line) => !line.trim().startsWith('#'))
  return new Set([...lines.join('\n').matchAll(/"([^"]+)"/g)].map(([, expression]) => expression ?? ''))
}
