import { createHash } from 'node:crypto'
import { type Declared, literal, sqlFunction } from './declare.ts'

/** The rules of a table's rows: name = SQL over the row `r`. As in a check constraint, null breaks no rule. */
export type Rules = Record<string, string>

/**
 * The rules of one table as one check constraint that calls one function.
 *
 * Postgres reads each check constraint anew from its text in every statement that writes the table: a third of what a
 * claim cost. It compiles a plpgsql function once per session. The function takes the whole row, so the constraint's own
 * text stays short. It sets no search_path, because that would cost each row as much as its rules.
 * Guarantee: a row is refused by the same rule as with one check constraint each: SQLSTATE 23514 and the name of the
 * first broken rule in the order of names. The error carries no part of the row.
 *
 * The constraint first applies to new rows only, then Postgres validates the old ones without a lock that blocks
 * writers. A changed rule is another constraint, so the old rows are validated again.
 */
export function rulesOf(table: string, rules: Rules): Declared[] {
  const [schema = '', relation = ''] = table.split('.')
  const check = `${schema}.check_${relation}`
  const constraint = `${relation}_rules`
  const cases = Object.entries(rules).sort(byName)
  const body = `begin
  broken := case
${cases.map(([name, rule]) => `    when (${rule}) is false then ${literal(name)}`).join('\n')}
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "${relation}" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = ${literal(schema)}, table = ${literal(relation)};
end`
  const edition = createHash('sha256').update(body).digest('hex').slice(0, 8)
  return [
    sqlFunction({
      name: `${check}(${table})`,
      create: `create or replace function ${check}(r ${table}) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
${body}
$$`,
    }),
    {
      kind: 'rules',
      name: table,
      on: table,
      create: `alter table ${table} add constraint ${constraint} check (${check}(${relation})) not valid /* ${edition} */`,
      drop: `alter table ${table} drop constraint ${constraint}`,
    },
    {
      kind: 'validation',
      name: table,
      on: table,
      concurrently: true,
      create: `alter table ${table} validate constraint ${constraint} /* ${edition} */`,
      drop: '',
    },
  ]
}

/** A pair of coordinates: both or neither, and within their ranges. */
export function onEarth(lat: string, lng: string): string {
  return `num_nulls(r.${lat}, r.${lng}) <> 1 and r.${lat} between -90 and 90 and r.${lng} between -180 and 180`
}

export function oneOf(column: string, words: readonly string[]): string {
  return `r.${column} in (${words.map(literal).join(', ')})`
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1
}
