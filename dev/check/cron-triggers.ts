import type { Finding } from './tree.ts'

/** Cloudflare fires only the expressions in wrangler.toml, so a job whose expression is missing there never runs. */
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

function triggersIn(toml: string): Set<string> {
  const [, list = ''] = /^crons\s*=\s*\[([^\]]*)\]/m.exec(toml) ?? []
  const lines = list.split('\n').filter((line) => !line.trim().startsWith('#'))
  return new Set([...lines.join('\n').matchAll(/"([^"]+)"/g)].map(([, expression]) => expression ?? ''))
}
