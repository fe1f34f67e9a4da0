import { type SQL, sql } from 'drizzle-orm'

/** The result of a postback, over a row of the CTE `decided` (convert.ts). */
export function showResult(): SQL {
  return sql`jsonb_build_object(
    'result', d.result, 'conversionId', d.id,
    'stands', jsonb_build_object('status', d.status, 'payoutMinor', d.payout_minor, 'currency', d.currency)
  ) || case when d.result = 'duplicate' then jsonb_build_object('differed', to_jsonb(array_remove(array[
    case when d.report_status <> d.status then 'status' end,
    case when d.names_payout and d.report_payout <> d.payout_minor then 'payout' end,
    case when d.names_payout and d.report_currency <> d.currency then 'currency' end
  ], null))) else '{}' end`
}
