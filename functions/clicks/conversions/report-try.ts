import { named, type Statement } from '../../core/named.ts'
import type { Sent } from '../../core/send.ts'
import type { NextTry } from '../rules.ts'

type Tried = { id: string; tries: number }

/** Records a try of a postback to a source. */
export function reportTry(
  { id, tries }: Tried,
  { outcome, status }: Pick<Sent, 'outcome' | 'status'>,
  next: NextTry,
): Statement {
  const delivered = next.state === 'delivered'
  // Race: a slow sender reports after another has claimed the postback, or given it up. Only the last try may end or delay
  // a waiting one, but a postback that arrived is delivered, whichever try brought it.
  return named('clicks.report-try')`
update clicks.postbacks_out p
set state = ${next.state}, outcome = ${outcome}, http_status = ${status}::int,
    due_at = now() + make_interval(secs => ${next.state === 'waiting' ? next.afterMs / 1000 : 0}),
    finished_at = case when ${next.state === 'waiting'} then null else now() end
where p.id = ${id}
  and p.state <> 'delivered'
  and (${delivered} or p.state = 'waiting' and p.tries = ${tries})`
}
