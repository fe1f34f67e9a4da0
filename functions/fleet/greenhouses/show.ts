import { type SQL, sql } from 'drizzle-orm'

export function showGreenhouse(row: 'g' | 'changed'): SQL {
  const g = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${g}.id,
    'tenantId', ${g}.tenant_id,
    'name', ${g}.name,
    'timezone', ${g}.timezone,
    'version', ${g}.version,
    'createdAt', core.iso(${g}.created_at)
  )`
}
