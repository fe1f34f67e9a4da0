import type { z } from 'zod'
import type { SentPostback } from '../../functions/clicks/conversions/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { List } from '../parts/list.tsx'
import { Ago, Value } from '../parts/value.tsx'
import { ClickLink } from './click-link.tsx'
import { toneOf } from './words.ts'

type Sent = z.infer<typeof SentPostback>

/** The postbacks to traffic sources, and how their servers answered. */
export function PostbacksToSources() {
  return (
    <List<Sent>
      title="Postbacks to sources"
      path="/v1/clicks/postbacks"
      every={60}
      rowKey={({ id }) => id}
      sorted="newest first"
      leavesOut="Those that ended 30 days ago are removed."
      empty={{ why: 'No source with a postback template has a conversion.' }}
      columns={[
        { name: 'Source', cell: ({ source }) => <code>{source}</code> },
        { name: 'Click', cell: ({ clickId }) => <ClickLink id={clickId} /> },
        { name: 'Says', cell: ({ status }) => <Badge word={status} tone={toneOf(status)} /> },
        { name: 'State', cell: ({ state }) => <Badge word={state} tone={toneOf(state)} /> },
        {
          name: 'Tries',
          numeric: true,
          cell: ({ tries }, _, at) => <Value at={`${at}.tries`} value={tries} />,
        },
        { name: 'Last try', cell: ({ outcome, httpStatus }) => [outcome ?? 'none', httpStatus].join(' ') },
        { name: 'Next try', cell: ({ dueAt }) => (dueAt === null ? 'none' : <Ago iso={dueAt} />) },
      ]}
    />
  )
}
