import { type SQL, sql } from 'drizzle-orm'

export function showSource(row: 's' | 'changed' | 'created'): SQL {
  const s = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${s}.id, 'owner', ${s}.owner, 'slug', ${s}.slug, 'name', ${s}.name, 'status', ${s}.status,
    'paramMap', ${s}.param_map, 'statusMap', ${s}.status_map, 'ipAllow', ${s}.ip_allow::text[],
    'postbackTemplate', ${s}.postback_template,
    'oldSecretUntil', case when ${s}.old_secret_until > now() then core.iso(${s}.old_secret_until) end,
    'version', ${s}.version, 'createdAt', core.iso(${s}.created_at), 'updatedAt', core.iso(${s}.updated_at)
  )`
}
