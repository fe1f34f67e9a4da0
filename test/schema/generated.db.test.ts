import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dump } from '../../dev/migrations/dump.ts'
import { latestMigrationModule, latestModule, schemaSql } from '../../dev/migrations/generate.ts'
import { readKept } from '../../dev/migrations/kept.ts'
import { plan } from '../../dev/migrations/plan.ts'
import { readSchemaFiles } from '../../dev/migrations/schema-files.ts'
import { latestMigration } from '../../schema/migrations/index.ts'
import { freshDatabase } from '../support/database.ts'

const { admin, connect } = await freshDatabase()
const regenerate = 'run "npm run db:generate" and commit what it writes'

describe('what is generated', () => {
  it('schema.sql is the shape that the migrations make', async () => {
    expect(await dump(await connect()), regenerate).toBe(readFileSync(schemaSql, 'utf8'))
  })

  it('the migrations make what the schema files say', async () => {
    expect(await plan(readKept(), await readSchemaFiles()), regenerate).toBeNull()
  })

  it('the Worker knows the latest migration, and a migrated database has it', async () => {
    expect(readFileSync(latestModule, 'utf8'), regenerate).toBe(latestMigrationModule())
    const { rows } = await admin.query(
      'select version, name from core.schema_migrations order by version desc limit 1',
    )
    expect(rows).toEqual([latestMigration])
  })
})
