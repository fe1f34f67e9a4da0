import type { Readiness } from '../../functions/ops/health/contract.ts'
import type { Job } from '../../functions/ops/jobs/contract.ts'
import type { View } from '../../functions/ops/views/contract.ts'
import { Badge, type Tone } from '../parts/badge.tsx'
import { Seconds } from '../parts/measured.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago } from '../parts/value.tsx'
import { jobHref, OpsSections } from './words.tsx'

type Jobs = { data: Job[]; nextCursor: null }
type Views = { data: View[]; nextCursor: null }

/** The first page of the operator: what needs attention, worst first. */
export function page() {
  const ready = useResource<Readiness>('/readyz', { every: 30 })
  const jobs = useResource<Jobs>('/v1/ops/jobs', { every: 30 })
  const views = useResource<Views>('/v1/ops/views', { every: 60 })
  return (
    <Page
      title="Operation"
      sentence="The things that need attention, worst first, and how ready the system is."
    >
      <OpsSections />
      <Grid>
        <Attention jobs={jobs} views={views} />
        <Checks of={ready} />
      </Grid>
    </Page>
  )
}

type Matter = { tone: Tone; word: string; name: string; detail: string; href: string }

const order: readonly Tone[] = ['bad', 'warn', 'plain']

function Attention({ jobs, views }: { jobs: Resource<Jobs>; views: Resource<Views> }) {
  return (
    <Panel title="Needs attention" of={jobs} size={3} wide>
      {({ data }) => {
        const matters = [...mattersOf(data), ...staleViews(views.data.value?.data ?? [])].toSorted(
          (a, b) => order.indexOf(a.tone) - order.indexOf(b.tone),
        )
        if (matters.length === 0)
          return (
            <p class="calm">
              <Badge word="Nothing" tone="ok" /> needs attention, as of <Ago iso={jobs.readAt.value} />.
              {views.problem.value && ' The views are not known.'}
            </p>
          )
        return (
          <Table
            caption="Needs attention, worst first"
            rows={matters}
            rowKey={({ word, name }) => `${word} ${name}`}
            href={({ href }) => href}
            columns={[
              { name: 'Where', cell: ({ name }) => name },
              { name: 'State', cell: ({ word, tone }) => <Badge word={word} tone={tone} /> },
              { name: 'Detail', cell: ({ detail }) => detail },
            ]}
          />
        )
      }}
    </Panel>
  )
}

function mattersOf(jobs: readonly Job[]): Matter[] {
  return jobs.flatMap(({ name, failuresInRow, missed, pause, lastRun }): Matter[] => {
    const of = { name, href: jobHref(name) }
    if (failuresInRow > 0)
      return [
        {
          ...of,
          tone: 'bad',
          word: `failed, ${failuresInRow} in a row`,
          detail: lastRun?.error ?? 'no error was kept',
        },
      ]
    if (missed > 0)
      return [{ ...of, tone: 'warn', word: 'missed', detail: `${missed} slots of the last 24 hours` }]
    if (pause !== null) return [{ ...of, tone: 'plain', word: `paused by ${pause.by}`, detail: pause.reason }]
    return []
  })
}

function staleViews(views: readonly View[]): Matter[] {
  return views
    .filter(({ stale, populated }) => stale || !populated)
    .map(({ name, populated }) => ({
      name,
      href: '/app/ops/storage',
      tone: 'warn',
      word: populated ? 'stale view' : 'never filled',
      detail: 'Its readers get old data, which says so',
    }))
}

function Checks({ of }: { of: Resource<Readiness> }) {
  return (
    <Panel title="Readiness" of={of} size={4} wide asOf={({ asOf }) => asOf}>
      {({ checks }) => (
        <Table
          caption="Checks of the parts that the Worker needs"
          rows={checks}
          rowKey={({ name }) => name}
          columns={[
            { name: 'Part', cell: ({ name }) => name },
            {
              name: 'State',
              cell: ({ ok }) => <Badge word={ok ? 'ok' : 'failed'} tone={ok ? 'ok' : 'bad'} />,
            },
            { name: 'Detail', cell: ({ detail }) => detail },
            {
              name: 'Age',
              numeric: true,
              cell: ({ ageSeconds }, index) =>
                ageSeconds === null ? (
                  <span class="muted">now</span>
                ) : (
                  <Seconds at={`/readyz#checks.${index}.ageSeconds`} value={ageSeconds} />
                ),
            },
          ]}
        />
      )}
    </Panel>
  )
}
