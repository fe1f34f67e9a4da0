import type { z } from 'zod'
import type { ListedCampaign } from '../../functions/clicks/campaigns/contract.ts'
import type { ClickAccounting } from '../../functions/clicks/clicks/contract.ts'
import type { Orphan, PostbackResult } from '../../functions/clicks/conversions/contract.ts'
import { campaignStatuses, orphanStates } from '../../schema/clicks/states.ts'
import { useAction } from '../parts/action.ts'
import { Badge } from '../parts/badge.tsx'
import { List } from '../parts/list.tsx'
import { Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { route } from '../parts/route.ts'
import { role } from '../parts/session.ts'
import { Sum } from '../parts/sum.tsx'
import { useWindow } from '../parts/use-window.ts'
import { Ago, Money } from '../parts/value.tsx'
import { hourMs } from '../parts/window.ts'
import { ClickLink } from './click-link.tsx'
import { PostbacksToSources } from './postbacks.tsx'
import { Rules } from './rules.tsx'
import { toneOf } from './words.ts'

type Campaign = z.infer<typeof ListedCampaign>
type Parked = z.infer<typeof Orphan>

/** Campaigns, the account of all redirects, postbacks that wait for their click, and the rules about clicks. */
export function page() {
  const isAdmin = role.value === 'admin'
  return (
    <Page
      title="Clicks"
      sentence="Campaigns and their links: visitors are redirected at once, each click is counted once, and conversions find their click."
    >
      <List<Campaign>
        title="Campaigns"
        size={3}
        path="/v1/clicks/campaigns"
        every={60}
        rowKey={({ id }) => id}
        href={({ id }) => `/app/clicks/${id}`}
        sorted="newest first"
        empty={{
          why: 'No campaign exists yet. POST /v1/clicks/campaigns creates one.',
          command: 'npm run -s clicks -- --count 1000',
        }}
        filters={[
          {
            name: 'status',
            label: 'Status',
            options: campaignStatuses.map((value) => ({ value, label: value })),
          },
        ]}
        columns={[
          { name: 'Campaign', cell: ({ name }) => name },
          { name: 'Link', cell: ({ slug }) => <code>/c/{slug}</code> },
          { name: 'Status', cell: ({ status }) => <Badge word={status} tone={toneOf(status)} /> },
          { name: 'Owner', cell: ({ owner }) => owner },
          { name: 'Source', cell: ({ trafficSource }) => trafficSource ?? 'none' },
          {
            name: 'Payout',
            numeric: true,
            cell: ({ payoutMinor, currency }, _, at) => (
              <Money at={`${at}.payoutMinor`} minor={payoutMinor} currency={currency} />
            ),
          },
        ]}
      />
      {isAdmin && <Accounting />}
      <ParkedPostbacks />
      <PostbacksToSources />
      {isAdmin && <Rules />}
    </Page>
  )
}

const aDay = { hours: 24, stepMs: hourMs }
const parts = ['stored', 'duplicate', 'rejected', 'dead', 'waiting', 'missing'] as const
const names: Partial<Record<(typeof parts)[number], string>> = { waiting: 'queued' }

/** redirected = stored + queued + dead …, over the last day. */
function Accounting() {
  const at = `/v1/clicks/accounting?${new URLSearchParams(useWindow(aDay))}`
  const accounting = useResource<z.infer<typeof ClickAccounting>>(at, {
    whenSeen: true,
    every: 60,
    same: 'accounting',
  })
  return (
    <Panel
      title="Redirected clicks of a day"
      of={accounting}
      size={2}
      wide
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'Nobody followed a link in this day.',
        command: 'npm run -s clicks -- --count 1000',
      }}
    >
      {({ data, gaps }) => (
        <>
          <Sum
            at={`${at}#data`}
            total={{
              name: 'answered',
              label: 'redirected',
              value: data.reduce((sum, { answered }) => sum + answered, 0),
            }}
            parts={parts.map((name) => ({
              name,
              ...(names[name] !== undefined && { label: names[name] }),
              value: data.reduce((sum, minute) => sum + minute[name], 0),
              bad: name === 'dead' || name === 'missing',
            }))}
          />
          {gaps.length > 0 && (
            <p class="note">
              {gaps.slice(0, 3).map(({ source, items, state, before }) => (
                <span key={`${source} ${before}`}>
                  {items} {state} from isolate {source.slice(0, 8)}, before <Ago iso={before} />.{' '}
                </span>
              ))}
              {gaps.length > 3 && `And ${gaps.length - 3} more gaps.`}
            </p>
          )}
        </>
      )}
    </Panel>
  )
}

function ParkedPostbacks() {
  const wanted = route.value.query.get('state')
  return (
    <List<Parked>
      title="Parked postbacks"
      path="/v1/clicks/orphans"
      every={60}
      rowKey={({ id }) => id}
      sorted="newest first"
      leavesOut={wanted ? '' : 'Matched and expired ones are left out.'}
      empty={{ why: 'No postback waits for its click.' }}
      filters={[
        { name: 'state', label: 'State', options: orphanStates.map((value) => ({ value, label: value })) },
      ]}
      columns={[
        {
          name: 'Click',
          cell: ({ clickId, matchedClickId }) =>
            matchedClickId === null ? <code>{clickId}</code> : <ClickLink id={matchedClickId} />,
        },
        { name: 'Type', cell: ({ type, txid }) => (txid === null ? type : `${type} ${txid}`) },
        { name: 'Says', cell: ({ status }) => <Badge word={status} tone={toneOf(status)} /> },
        { name: 'Received', cell: ({ receivedAt }) => <Ago iso={receivedAt} /> },
        { name: 'State', cell: (parked) => <Match parked={parked} /> },
      ]}
    />
  )
}

/** The owner may name the click of a postback whose id the network mangled. */
function Match({ parked: { id, state } }: { parked: Parked }) {
  const match = useAction<z.infer<typeof PostbackResult>>()
  const done = match.done.value
  if (done) return <Badge word={done.result} tone="ok" />
  if (state !== 'open') return <Badge word={state} tone={toneOf(state)} />
  return (
    <details>
      <summary>open</summary>
      <form
        class="inline"
        aria-label={`Match postback ${id}`}
        onSubmit={(event) => {
          event.preventDefault()
          const clickId = new FormData(event.currentTarget).get('clickId')
          if (typeof clickId === 'string')
            void match.send(`/v1/clicks/orphans/${id}/match`, { body: { clickId: clickId.trim() } })
        }}
      >
        <label>
          <span>Id of its click</span>
          <input name="clickId" autocomplete="off" spellcheck={false} required />
        </label>
        <button type="submit" disabled={match.state.value !== 'idle'}>
          Match
        </button>
      </form>
      {match.problem.value && <Failure problem={match.problem.value} />}
    </details>
  )
}
