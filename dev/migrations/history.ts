import type pg from 'pg'
import { grants, role } from '../../schema/kit/declare.ts'
import type { Migration } from './files.ts'

export type Applied = { version: number; name: string; checksum: string }

const beginnings = [
  role({ name: 'lockstep_app' }).create,
  'create schema if not exists core',
  `create table core.schema_migrations (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`,
  grants({ on: 'table core.schema_migrations', to: 'lockstep_app', privileges: ['select'] }).create,
]

/** Makes the table of what was applied. Called under the lock. */
export async function ensureHistory(client: pg.Client): Promise<void> {
  const { rows } = await client.query(`select to_regclass('core.schema_migrations') is null as missing`)
  if (rows[0].missing) await client.query(beginnings.join(';\n'))
}

export async function readHistory(client: pg.Client): Promise<Applied[]> {
  const { rows } = await client.query<Applied>(
    'select version, name, checksum from core.schema_migrations order by version',
  )
  return rows
}

export async function record(client: pg.Client, { version, name, checksum }: Migration): Promise<void> {
  await client.query('insert into core.schema_migrations (version, name, checksum) values ($1, $2, $3)', [
    version,
    name,
    checksum,
  ])
}

/**
 * The migrations still to apply. Applied files must be unchanged, and none may slip in before them. A database that
 * is ahead of these files is no error: an older release deployed again has nothing to do.
 */
export function pendingOf(migrations: Migration[], applied: Applied[]): Migration[] {
  const byVersion = new Map(applied.map((row) => [row.version, row]))
  const newest = applied.at(-1)?.version ?? 0
  for (const migration of migrations) {
    const row = byVersion.get(migration.version)
    if (row !== undefined) refuseEdited(migration, row)
    else if (migration.version < newest) {
      throw new Error(
        `${migration.file}: out of order, version ${newest} was applied before it. Give it the next number.`,
      )
    }
  }
  return migrations.filter(({ version }) => !byVersion.has(version))
}

function refuseEdited(migration: Migration, row: Applied): void {
  if (migration.name !== row.name) {
    throw new Error(
      `${migration.file}: version ${row.version} was applied as "${row.name}". Migrations are append-only.`,
    )
  }
  if (migration.checksum !== row.checksum) {
    throw new Error(
      `${migration.file}: edited after it was applied. Restore it and write the change as a new migration.`,
    )
  }
}
