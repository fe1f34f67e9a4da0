import type { Job } from '../../functions/ops/jobs/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Ms, Seconds } from '../parts/measured.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Value } from '../parts/value.tsx'
import { jobHref, OpsSections } from './words.tsx'

type Jobs = { data: Job[]; nextCursor: null }

const at = '/v1/ops/jobs'

export function JobState({ of }: { of: Job }) {
  if (of.pause !== null)
    return <Badge word={`paused by ${of.pause.by}`} tone="plain" title={of.pause.reason} />
  if (of.running) return <Badge word="running" tone="accent" />
  if (of.failuresInRow > 0) return <Badge word={`failed, ${of.failuresInRow} in a row`} tone="bad" />
  if (of.missed > 0) return <Badge word="missed slots" tone="warn" />
  if (of.lastRun === null) return <Badge word="never ran" tone="unknown" />
  return <Badge word="in order" tone="ok" />
}

/** The worst first: failing, missed, paused, then by name. */
const rank = ({ failuresInRow, missed, pause }: Job) =>
  failuresInRow > 0 ? 0 : missed > 0 ? 1 : pause ? 2 : 3

export function page() {
  const jobs = useResource<Jobs>(at, { every: 15 })
  return (
    <Page
      title="Jobs"
      sentence="The recurring work of the system. Each slot of a job is done by exactly one run."
    >
      <OpsSections />
      <Panel
        title="Jobs"
        of={jobs}
        size={5}
        wide
        empty={{ when: ({ data }) => data.length === 0, why: 'This Worker has no jobs.' }}
      >
        {({ data }) => {
          const rows = data
            .map((job, index) => ({ job, at: (field: string) => `${at}#data.${index}.${field}` }))
            .toSorted((a, b) => rank(a.job) - rank(b.job))
          return (
            <>
              <Table
                caption="Jobs, those that need attention first"
                rows={rows}
                rowKey={({ job }) => job.name}
                href={({ job }) => jobHref(job.name)}
                columns={[
                  { name: 'Job', cell: ({ job }) => job.name },
                  { name: 'State', cell: ({ job }) => <JobState of={job} /> },
                  { name: 'Schedule', cell: ({ job }) => <code>{job.cron}</code> },
                  {
                    name: 'Last run',
                    cell: ({ job }) => (job.lastRun ? <Ago iso={job.lastRun.startedAt} /> : 'never'),
                  },
                  { name: 'Next', cell: ({ job }) => <Ago iso={job.nextAt} /> },
                  {
                    name: 'Missed, 24 h',
                    numeric: true,
                    cell: ({ job, at: place }) => <Value at={place('missed')} value={job.missed} />,
                  },
                  {
                    name: 'Began after its slot',
                    numeric: true,
                    cell: ({ job, at: place }) => (
                      <Seconds at={place('lateSeconds')} value={job.lateSeconds} />
                    ),
                  },
                  {
                    name: 'p95',
                    numeric: true,
                    cell: ({ job, at: place }) =>
                      job.p95Ms === null ? (
                        <span class="muted">no work</span>
                      ) : (
                        <Ms at={place('p95Ms')} value={job.p95Ms} />
                      ),
                  },
                ]}
              />
              <footer class="list-end">
                <p class="muted">
                  All {data.length}: those that need attention first, then in the order of their rows.
                </p>
              </footer>
            </>
          )
        }}
      </Panel>
    </Page>
  )
}
