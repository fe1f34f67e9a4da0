import { latestMigration } from '../../../schema/migrations/index.ts'
import type { Ctx } from '../../core/context.ts'
import { missingFunctions } from '../../core/hot.ts'
import type { Matter } from '../../core/matter.ts'
import { named } from '../../core/named.ts'
import { DatabaseError } from '../../core/sqlstate.ts'
import { newestRuns } from '../jobs/newest.ts'
import type { Readiness } from './contract.ts'
import { tellMatters } from './tell-matters.ts'

type Found = { bypasses: boolean; owns: boolean; migration: number | null; tick: number | null }
/** The last tick is looked for among so many runs; manual ones are few. */
const newest = 1_000

type Checked = { answers: boolean; checks: Readiness['checks']; tickAgeSeconds: number | null }

/**
 * Checks each dependency, and both ways to Postgres: requests use HTTP, jobs an interactive transaction. The Worker is
 * not ready when one of them fails. The schemas of the rows are those that lockstep_app may use.
 */
export async function checkReadiness(
  ctx: Ctx,
  ofRows: readonly ((ctx: Ctx) => Promise<Matter[]>)[] = [],
): Promise<Readiness> {
  const asOf = ctx.now().toISOString()
  const interactive = checkTransactions(ctx)
  const found = await checkDatabase(ctx)
  // A database that answers no query is one fault, not two.
  const reached = found.answers ? [...found.checks, await interactive] : found.checks
  await interactive
  const checks = [...reached, ...developmentCheck(ctx)]
  const matters = await Promise.all(
    [(one: Ctx) => tellMatters(one, found.tickAgeSeconds), ...(found.answers ? ofRows : [])].map((tell) =>
      tell(ctx).catch((error: unknown) => {
        ctx.log.error('readiness', error)
        return []
      }),
    ),
  )
  return { ready: checks.every(({ ok }) => ok), asOf, checks, matters: matters.flat() }
}

async function checkDatabase(ctx: Ctx): Promise<Checked> {
  try {
    const [found] = await ctx.db.query<Found>(named('ops.check-database')`
select
  r.rolbypassrls or r.rolsuper as bypasses,
  exists (
    select from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join aclexplode(n.nspacl) granted
    join pg_roles app on app.oid = granted.grantee
    where app.rolname = 'lockstep_app'
      and pg_has_role(c.relowner, 'usage')
  ) as owns,
  (select max(version) from core.schema_migrations) as migration,
  (
    select extract(epoch from now() - r.started_at)::float8
    from (${newestRuns({ limit: newest })}) r
    where r.trigger = 'cron'
    order by r.id desc
    limit 1
  ) as tick
from pg_roles r
where r.rolname = current_user`)
    const checks = [
      { name: 'database', ok: true, detail: 'answers', ageSeconds: 0 },
      roleCheck(found?.bypasses === true, found?.owns === true),
      migrationCheck(found?.migration ?? 0),
      plansCheck(),
    ]
    return { answers: true, checks, tickAgeSeconds: found?.tick ?? null }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    ctx.log.error('readiness', error)
    return { answers: false, checks: checksWithout(error), tickAgeSeconds: null }
  }
}

async function checkTransactions(ctx: Ctx): Promise<Readiness['checks'][number]> {
  try {
    await ctx.db.transaction((tx) => tx.query(named('ops.check-transactions')`select 1`))
    return { name: 'transactions', ok: true, detail: 'commit', ageSeconds: 0 }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    ctx.log.error('readiness', error)
    const detail = 'no interactive transaction over WebSocket, so jobs fail: see the log of the Worker'
    return { name: 'transactions', ok: false, detail, ageSeconds: null }
  }
}

function checksWithout({ sqlstate }: DatabaseError): Readiness['checks'] {
  const answers = { name: 'database', ok: true, detail: 'answers', ageSeconds: 0 }
  if (sqlstate === '42P01' || sqlstate === '3F000') return [answers, migrationCheck(0)]
  if (sqlstate === '42501')
    return [
      answers,
      {
        name: 'role',
        ok: false,
        detail: 'may not read: grant lockstep_app to it (README, Deploy)',
        ageSeconds: 0,
      },
    ]
  return [{ name: 'database', ok: false, detail: 'does not answer', ageSeconds: null }]
}

function roleCheck(bypasses: boolean, owns: boolean) {
  const detail = bypasses
    ? 'the role bypasses row-level security: connect as a role made with SQL (README, Deploy)'
    : owns
      ? 'the role owns tables: connect as one that owns nothing (README, Deploy)'
      : 'is bound by row-level security and owns nothing'
  return { name: 'role', ok: !bypasses && !owns, detail, ageSeconds: 0 }
}

/** A deployed Worker must not offer the sign-in of a laptop, although its other conditions keep it shut there. */
function developmentCheck({ env }: Ctx): Readiness['checks'] {
  if (env.DEV_SIGN_IN === undefined || (env.NEON_PROXY !== undefined && env.AUTH_SECRET !== undefined))
    return []
  const detail = 'DEV_SIGN_IN is for npm start only: remove this setting'
  return [{ name: 'sign-in', ok: false, detail, ageSeconds: 0 }]
}

/** Without its functions the Worker is slower and not wrong, so this never makes it unready. */
function plansCheck() {
  const missing = missingFunctions()
  const detail = missing.length === 0 ? 'kept' : `sent as text, run npm run db:migrate: ${missing.join(', ')}`
  return { name: 'plans', ok: true, detail, ageSeconds: 0 }
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
