import { sql } from 'drizzle-orm'
import type { Watch } from '../core/watch.ts'
import { issNoradId } from './rules.ts'

export const spaceWatch: Watch = {
  rules: [
    {
      name: 'position_old',
      severity: 'warning',
      unit: 'seconds',
      raise: 900,
      clear: 300,
      pendingFor: 0,
      clearFor: 0,
      absent: 'clear',
      value: () => sql`
select jsonb_build_object('noradId', f.norad_id) as labels, extract(epoch from now() - f.ts)::float8 as value
from (
  select norad_id, ts from space.iss_fetch_log where norad_id = ${issNoradId} order by ts desc limit 1
) f`,
      advice:
        'No source gives the position of the station. The runs of the job iss-position have the reason.',
    },
  ],
}
