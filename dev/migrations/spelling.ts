import { tokens } from './statements.ts'

/** Drizzle's SQL in the house's spelling: lower case, quotes only where Postgres needs them, defaults unsaid. */
export function respell(statement: string, reserved: ReadonlySet<string>): string {
  const words = [...statement.matchAll(tokens)].map(([token]) => {
    const [, name] = /^"([a-z_][a-z0-9_]*)"$/.exec(token) ?? []
    if (name !== undefined) return reserved.has(name) ? token : name
    return /^[A-Za-z]+$/.test(token) ? token.toLowerCase() : token
  })
  return words
    .join('')
    .replaceAll('\t', '  ')
    .replaceAll(
      / as identity \(sequence name [^()]* increment by 1 minvalue 1 maxvalue \d+ start with 1 cache 1\)/g,
      ' as identity',
    )
    .replaceAll(/ on (?:delete|update) no action/g, '')
    .replaceAll('create schema ', 'create schema if not exists ')
    .replaceAll(' primary key not null', ' primary key')
    .replaceAll('timestamp with time zone', 'timestamptz')
}
