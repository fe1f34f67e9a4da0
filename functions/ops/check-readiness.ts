import { sql } from 'drizzle-orm'
import { latestMigration } from '../../schema/migrations/index.ts'
import type { Ctx } from '../core/context.ts'
import { DatabaseError } from '../core/sqlstate.ts'
import type { Readiness } from './contract.ts'

type Found = { bypasses: boolean; owns: boolean; migration: number | null }

/** Every dependency that matters: one that fails makes the Worker not ready. */
export async function checkReadiness(ctx: Ctx): Promise<Readiness> {
  const asOf = ctx.now().toISOString()
  try {
    const [found] = await ctx.db.query<Found>(sql`
select
  r.rolbypassrls or r.rolsuper as bypasses,
  exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = any (
    select oid from pg_namespace where nspname in ('core', 'dispatch', 'space', 'ledger', 'clicks', 'fleet')
  )) as owns,
  (select max(version) from core.schema_migrations) as migration
from pg_roles r
where r.rolname = current_user`)
    const checks = [
      { name: 'database', ok: true, detail: 'answers', ageSeconds: 0 },
      roleCheck(found?.bypasses === true, found?.owns === true),
      migrationCheck(found?.migration ?? 0),
    ]
    return { ready: checks.every(({ ok }) => ok), asOf, checks }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    ctx.log.error('readiness', error)
    const missing = error.sqlstate === '42P01' || error.sqlstate === '3F000' || error.sqlstate === '42501'
    const checks = missing
      ? [{ name: 'database', ok: true, detail: 'answers', ageSeconds: 0 }, migrationCheck(0)]
      : [{ name: 'database', ok: false, detail: 'does not answer', ageSeconds: null }]
    return { ready: false, asOf, checks }
  }
}

function roleCheck(bypasses: boolean, owns: boolean) {
  const detail = bypasses
    ? 'the role bypasses row-level security: connect as a role made with SQL (README, Deploy)'
    : owns
      ? 'the role owns tables: connect as one that owns nothing (README, Deploy)'
      : 'is bound by row-level security and owns nothing'
  return { name: 'role', ok: !bypasses && !owns, detail, ageSeconds: 0 }
}

function migrationCheck(applied: number) {
  const { version, name } = latestMigration
  const ok = applied >= version
  return {
    name: 'migrations',
    ok,
    detail: ok ? `at ${name}` : `${name} is missing: npm run db:migrate`,
    ageSeconds: 0,
  }
}
