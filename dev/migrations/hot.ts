import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SQL } from 'drizzle-orm'
import type pg from 'pg'
import { type Compiled, compileHot } from '../../functions/core/hot.ts'
import { describe } from './describe.ts'

const functionsFolder = join(import.meta.dirname, '../../functions')

/** The statements that `functions/<row>/hot.ts` lists, compiled. */
export async function readHotStatements(folder = functionsFolder): Promise<Compiled[]> {
  const rows = readdirSync(folder).filter((row) => row !== 'core' && existsSync(join(folder, row, 'hot.ts')))
  const lists = await Promise.all(
    rows.sort().map(async (row) => {
      const { hotStatements } = await import(pathToFileURL(join(folder, row, 'hot.ts')).href)
      return (hotStatements as SQL[]).map((statement) => compiledOf(row, statement))
    }),
  )
  return lists.flat()
}

function compiledOf(row: string, statement: SQL): Compiled {
  const compiled = compileHot(statement)
  if (compiled === null || !compiled.name.startsWith(`${row}.`))
    throw new Error(`functions/${row}/hot.ts lists a statement that hot('${row}.…') does not mark`)
  return compiled
}

/** The module by which the Worker knows which functions it may call. */
export function hotModule(names: readonly string[]): string {
  const lines = [...names].sort().map((name) => `  '${name}',\n`)
  return `// Written by "npm run db:generate".\nexport const hotFunctions: ReadonlySet<string> = new Set([\n${lines.join('')}])\n`
}

/**
 * The migration from the functions that a database has to those that the statements need; empty if it has them all.
 * A function that no statement needs any more stays for one such migration, because Workers of the last release call it.
 */
export async function planHot(client: pg.Client, statements: readonly Compiled[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string; signature: string; retired: boolean }>(`
    select format('%s.%s', n.nspname, p.proname) as name, p.oid::regprocedure::text as signature,
      obj_description(p.oid, 'pg_proc') is not null as retired
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.proname like 'hot\\_%' and n.nspname !~ '^pg_'
    order by 1`)
  const wanted = new Map(statements.map((statement) => [statement.name, statement]))
  const have = new Set(rows.map(({ name }) => name))
  const lacking = [...wanted.values()].filter(({ name }) => !have.has(name))
  const unused = rows.filter(({ name }) => !wanted.has(name))
  const revived = rows.filter(({ name, retired }) => retired && wanted.has(name))
  if (lacking.length + revived.length === 0 && unused.every(({ retired }) => retired)) return []
  const creations: string[] = []
  for (const statement of lacking) creations.push(await creationOf(client, statement))
  return [
    ...unused.filter(({ retired }) => retired).map(({ signature }) => `drop function ${signature}`),
    ...unused
      .filter(({ retired }) => !retired)
      .map(({ signature }) => `comment on function ${signature} is 'Called by the last release only'`),
    ...revived.map(({ signature }) => `comment on function ${signature} is null`),
    ...creations,
  ]
}

/** The function's own parameters: idempotency key, hash of the body, principal, route, tenant. */
const ownParameters = ['text', 'text', 'text', 'text', 'text']

export async function creationOf(client: pg.Client, { name, statement, first }: Compiled): Promise<string> {
  const { parameters, columns } = await describe(client, statement.text)
  let sweep = ''
  if (first !== null) {
    const when = await describe(client, `select ${first.when.text}`)
    const run = await describe(client, first.run.text)
    const condition = numberedAfter(parameters.length, first.when.text)
    parameters.push(...when.parameters)
    sweep = `  if ${condition} then\n${numberedAfter(parameters.length, first.run.text).trim()} into ignored;\n  end if;\n`
    parameters.push(...run.parameters)
  }
  const [key, hash, principal, route, tenant] = ownParameters.map((_, at) => `$${parameters.length + 1 + at}`)
  const returned = columns.map((column) => `"${column.name}" ${column.type}`).join(', ')
  return `create function ${name}(${[...parameters, ...ownParameters].join(', ')})
returns table (${returned})
language plpgsql
set plan_cache_mode = force_generic_plan
as $hot$
#variable_conflict use_column
declare
  ignored record;
begin
  if ${tenant} is not null then
    perform set_config('app.tenant_id', ${tenant}, true);
  end if;
  if ${key} is not null then
    perform core.begin_idempotent(${key}, ${hash}, ${principal}, ${route});
  end if;
${sweep}  return query ${statement.text.trim()};
  if ${key} is not null then
    perform core.assert_settled();
  end if;
end
$hot$`
}

/** The text with its parameters numbered after `count` earlier ones. */
function numberedAfter(count: number, text: string): string {
  return text.replaceAll(/\$(\d+)/g, (_, number) => `$${Number(number) + count}`)
}
