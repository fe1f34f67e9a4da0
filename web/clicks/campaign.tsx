import type { z } from 'zod'
import type * as wire from '../../functions/clicks/campaigns/contract.ts'
import type { Click } from '../../functions/clicks/clicks/contract.ts'
import type { Stats, StatsRow } from '../../functions/clicks/stats/contract.ts'
import { clickKinds, validities } from '../../schema/clicks/states.ts'
import { useAction } from '../parts/action.ts'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { Chart } from '../parts/chart.tsx'
import { List } from '../parts/list.tsx'
import { Share } from '../parts/measured.tsx'
import { number } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { route, setQuery } from '../parts/route.ts'
import { type Column, Table } from '../parts/table.tsx'
import { useWindow } from '../parts/use-window.ts'
import { Ago, Money, Value } from '../parts/value.tsx'
import { hourMs } from '../parts/window.ts'
import { Funnel } from './funnel.tsx'
import { toneOf } from './words.ts'

type Campaign = z.infer<typeof wire.Campaign>
type Report = z.infer<typeof Stats>
type Row = z.infer<typeof StatsRow>
type Shown = z.infer<typeof Click>

const groups = [
  'day',
  'hour',
  'source',
  'offer',
  'landing',
  'country',
  'device',
  'os',
  'browser',
  'referrer',
  'sub1',
  'sub2',
  'sub3',
  'sub4',
  'sub5',
] as const

const times = { '24 h': 1, '7 days': 7, '14 days': 14, '30 days': 30 } as const

/** One campaign: what came of its clicks, by any group, and the clicks themselves. */
export function page({ params: { id = '' } }: { params: Record<string, string> }) {
  const path = `/v1/clicks/campaigns/${encodeURIComponent(id)}`
  const campaign = useResource<Campaign>(path, { every: 120 })
  const asked = route.value.query
  const group = groups.find((one) => one === asked.get('group')) ?? 'day'
  const time = asked.get('time') ?? '14 days'
  const days = time in times ? times[time as keyof typeof times] : 14
  const zone = campaign.data.value?.timezone ?? 'UTC'
  const { from } = useWindow({ hours: days * 24, stepMs: hourMs })
  const whole = new URLSearchParams({ from, tz: zone })
  const wanted = campaign.data.value !== null
  const all = useResource<Report>(`${path}/stats?${whole}`, { every: 60, wanted, same: `${path} ${days}` })
  const grouped = useResource<Report>(`${path}/stats?${whole}&groupBy=${group}`, {
    every: 60,
    wanted,
    same: `${path} ${days} ${group}`,
  })
  const title = campaign.data.value?.name ?? `Campaign ${id}`
  return (
    <Page
      title={title}
      sentence="The results of this campaign: how many of its clicks were unique, valid and converted, by any group."
    >
      <Panel title="Campaign" of={campaign} size={1} wide>
        {(shown) => <About campaign={shown} of={campaign} />}
      </Panel>
      {(wanted || campaign.problem.value === null) && (
        <>
          <Panel
            title="From click to conversion"
            of={all}
            size={3}
            wide
            tools={
              <div class="filters">
                <Choice label="Time" name="time" value={time} options={Object.keys(times)} />
              </div>
            }
            asOf={({ asOf }) => asOf}
            empty={{
              when: ({ data }) => data.length === 0,
              why: 'Nobody followed the link of this campaign in this time.',
              command: 'npm run -s clicks -- --count 1000',
            }}
          >
            {({ data }) => <Funnel rows={data} at={`${all.path}#data`} />}
          </Panel>
          <Panel
            title={`By ${group}`}
            of={grouped}
            size={4}
            wide
            tools={
              <div class="filters">
                <Choice label="Group" name="group" value={group} options={groups} />
              </div>
            }
            asOf={({ asOf }) => asOf}
            empty={{ when: ({ data }) => data.length === 0, why: 'Nothing was counted in this time.' }}
          >
            {({ data }) => (
              <>
                {(group === 'day' || group === 'hour') && <OverTime rows={data} group={group} name={title} />}
                <GroupTable rows={data} group={group} at={`${grouped.path}#data`} />
              </>
            )}
          </Panel>
        </>
      )}
      <List<Shown>
        title="Clicks"
        path={`/v1/clicks/clicks?campaignId=${encodeURIComponent(id)}`}
        every={60}
        rowKey={(row) => row.id}
        href={(row) => `/app/click/${row.id}`}
        sorted="newest first"
        empty={{ why: 'Nobody followed the link yet.', command: 'npm run -s clicks -- --count 1000' }}
        filters={[
          { name: 'kind', label: 'Kind', options: clickKinds.map((value) => ({ value, label: value })) },
          {
            name: 'validity',
            label: 'Validity',
            options: validities.map((value) => ({ value, label: value })),
          },
        ]}
        columns={[
          { name: 'Clicked', cell: ({ createdAt }) => <Ago iso={createdAt} /> },
          { name: 'Validity', cell: (row) => <Badge word={row.validity} tone={toneOf(row.validity)} /> },
          { name: 'Because of', cell: ({ reasons }) => reasons.join(', ') },
          { name: 'Kind', cell: ({ kind, isUnique }) => (isUnique ? `${kind}, unique` : kind) },
          {
            name: 'From',
            cell: ({ country, device }) => [country, device].filter(Boolean).join(', ') || 'unknown',
          },
          { name: 'Browser', cell: ({ browser, bot }) => bot ?? browser ?? 'unknown' },
          { name: 'Converted', cell: ({ conversionType }) => conversionType ?? '' },
        ]}
      />
    </Page>
  )
}

function About({ campaign, of }: { campaign: Campaign; of: Resource<Campaign> }) {
  const step = useAction<Campaign>()
  const next = campaign.status === 'active' ? 'pause' : 'resume'
  return (
    <>
      <div class="buttons">
        <Badge word={campaign.status} tone={toneOf(campaign.status)} />
        <code>/c/{campaign.slug}</code>
        {campaign.status !== 'archived' && (
          <ActButton
            label={next === 'pause' ? 'Pause: visitors go to the fallback' : 'Resume'}
            action={step}
            act={async () => {
              await step.send(`/v1/clicks/campaigns/${campaign.id}/${next}`, { body: {} })
              void of.reload()
            }}
          />
        )}
        <span class="muted">
          {costOf(campaign)}; days in {campaign.timezone}; of {campaign.owner}
        </span>
      </div>
      {step.problem.value && <Failure problem={step.problem.value} />}
      <div class="columns">
        <Parts caption="Offers" of={campaign.offers} at={`${of.path}#offers`} />
        {campaign.landingPages.length > 0 && (
          <Parts caption="Landing pages" of={campaign.landingPages} at={`${of.path}#landingPages`} />
        )}
      </div>
    </>
  )
}

function Parts({ caption, of, at }: { caption: string; of: Campaign['offers']; at: string }) {
  return (
    <div>
      <h3>{caption}</h3>
      <Table
        caption={caption}
        rows={of}
        rowKey={({ id }) => id}
        columns={[
          { name: 'Name', cell: ({ name }) => name },
          {
            name: 'Weight',
            numeric: true,
            cell: ({ weight }, index) => <Value at={`${at}.${index}.weight`} value={weight} />,
          },
          { name: 'Sends to', cell: ({ url }) => <code>{url}</code> },
        ]}
      />
    </div>
  )
}

function costOf({ cost, currency }: Campaign): string {
  if (cost === null) return 'costs nothing'
  if (cost.model === 'revshare') return `costs ${cost.percent} % of the revenue`
  return `costs ${cost.amountMinor} minor units of ${currency}, ${cost.model}`
}

function Choice({
  label,
  name,
  value,
  options,
}: {
  label: string
  name: string
  value: string
  options: readonly string[]
}) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  )
}

function keyOf(row: Row, group: (typeof groups)[number]): string {
  const value = Object.entries(row).find(([name]) => name === group)?.[1]
  return value === null || value === undefined ? 'none' : String(value)
}

function OverTime({ rows, group, name }: { rows: readonly Row[]; group: 'day' | 'hour'; name: string }) {
  const by = Map.groupBy(rows, (row) => keyOf(row, group))
  const keys = [...by.keys()]
  const sum = (of: (row: Row) => number) =>
    keys.map((key) => (by.get(key) ?? []).reduce((all, row) => all + of(row), 0))
  return (
    <Chart
      title={`Clicks of ${name} by ${group}`}
      times={keys.map((key) => Date.parse(key))}
      height={200}
      series={[
        { name: 'clicks', values: sum((row) => row.clicks) },
        { name: 'valid', values: sum((row) => row.valid) },
        { name: 'conversions', values: sum((row) => row.conversions) },
      ]}
    />
  )
}

function GroupTable({
  rows,
  group,
  at,
}: {
  rows: readonly Row[]
  group: (typeof groups)[number]
  at: string
}) {
  const count = (
    name: string,
    field: keyof Row & ('clicks' | 'unique' | 'valid' | 'bots' | 'conversions'),
  ): Column<Row> => ({
    name,
    numeric: true,
    cell: (row, index) => <Value at={`${at}.${index}.${field}`} value={row[field]} />,
  })
  const amount = (name: string, field: 'revenueMinor' | 'costMinor' | 'profitMinor'): Column<Row> => ({
    name,
    numeric: true,
    cell: (row, index) => <Money at={`${at}.${index}.${field}`} minor={row[field]} currency={row.currency} />,
  })
  return (
    <>
      <Table<Row>
        caption={`Report by ${group}`}
        rows={rows.slice(0, mostRows)}
        rowKey={(row) =>
          `${keyOf(row, group)} ${row.currency} ${row.offerId ?? ''} ${row.landingId ?? ''} ${row.sourceId ?? ''}`
        }
        columns={[
          {
            name: group.replace(/^./, (first) => first.toUpperCase()),
            cell: (row) =>
              group === 'hour' ? keyOf(row, group).slice(0, 16).replace('T', ' ') : keyOf(row, group),
          },
          count('Clicks', 'clicks'),
          count('Unique', 'unique'),
          count('Valid', 'valid'),
          count('Bots', 'bots'),
          count('Conversions', 'conversions'),
          {
            name: 'Rate',
            numeric: true,
            cell: ({ cr }, index) =>
              cr === null ? 'no clicks' : <Share at={`${at}.${index}.cr`} value={cr} />,
          },
          amount('Revenue', 'revenueMinor'),
          amount('Cost', 'costMinor'),
          amount('Profit', 'profitMinor'),
        ]}
      />
      <p class="muted">
        {rows.length > mostRows
          ? `The first ${mostRows} of ${number(rows.length)}`
          : `All ${number(rows.length)}`}
        . Each currency has rows of its own.
      </p>
    </>
  )
}

const mostRows = 100
