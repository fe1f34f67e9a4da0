import type pg from 'pg'
import { type Reading, readings } from './catalog.ts'

type Piece = { section: Reading['section']; schema: string; object: string; sql: string }

const heading = `-- What the migrations make: written by "npm run db:generate" from the catalogs of a migrated database.
-- For reading and for review; never edited, and never run: databases are made by the migrations.
`

/** The whole shape of a database as text. The same shape gives the same text, in any order of creation. */
export async function dump(client: pg.Client): Promise<string> {
  // Names come out qualified when nothing is on the path.
  await client.query(`set search_path = ''`)
  const { rows: extensions } = await client.query<{ sql: string }>(`
    select format('create extension %I schema %I;', e.extname, n.nspname) as sql
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname <> 'plpgsql'
    order by e.extname collate "C"`)
  const pieces: Piece[] = []
  for (const { section, sql } of readings) {
    const { rows } = await client.query<Omit<Piece, 'section'>>(`
      select * from (${sql}) made
      where schema !~ '^pg_' and schema <> 'information_schema'
      order by schema collate "C", object collate "C"`)
    // A condition on the SQL would have Postgres write that of its own functions first.
    pieces.push(...rows.filter((row) => row.sql).map((row) => ({ section, ...row })))
  }
  return [heading, ...extensions.map(({ sql }) => `${sql}\n`), ...write(pieces)].join('\n')
}

function write(pieces: Piece[]): string[] {
  const bySchema = Map.groupBy(pieces, ({ schema }) => schema)
  return [...bySchema].sort(byName).flatMap(([, all]) =>
    (['schema', 'types', 'relations', 'functions'] as const).flatMap((section) => {
      const byObject = Map.groupBy(
        all.filter((piece) => piece.section === section),
        ({ object }) => object,
      )
      return [...byObject].sort(byName).map(([, made]) => `${made.map(({ sql }) => sql).join('\n')}\n`)
    }),
  )
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}
