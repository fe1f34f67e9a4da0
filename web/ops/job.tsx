import type { z } from 'zod'
import type { Job, JobAnswer, JobRun, Pause } from '../../functions/ops/jobs/contract.ts'
import { type Action, useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { Badge, type Tone } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { Evidence } from '../parts/evidence.tsx'
import { Field, Form } from '../parts/form.tsx'
import { List } from '../parts/list.tsx'
import { Ms, Seconds } from '../parts/measured.tsx'
import { counted, duration } from '../parts/numbers.ts'
import { Grid, Page } from '../parts/page.tsx'
import { Failure, Nothing, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { useStep } from '../parts/use-step.ts'
import { Ago, Computed, Fact, Facts, Value, When } from '../parts/value.tsx'
import { hourMs } from '../parts/window.ts'
import { JobState } from './jobs.tsx'
import { lastSlots } from './slots.ts'
import { Strip } from './strip.tsx'
import { OpsSections } from './words.tsx'

type Jobs = { data: Job[]; nextCursor: null }
type Runs = { data: JobRun[]; nextCursor: string | null }
type Answered = z.infer<typeof JobAnswer>

const shownSlots = 60

/** One job: its slots, its runs, and how to run, pause or resume it. */
export function page({ params: { name = '' } }: { params: Record<string, string> }) {
  const jobs = useResource<Jobs>('/v1/ops/jobs', { every: 20 })
  const runs = useResource<Runs>(`/v1/ops/jobs/runs?job=${encodeURIComponent(name)}&all=true&limit=100`, {
    every: 30,
  })
  const index = jobs.data.value?.data.findIndex((job) => job.name === name) ?? -1
  const job = jobs.data.value?.data[index]
  const now = useStep(15_000)
  const reload = () => Promise.all([jobs.reload(), runs.reload()])
  return (
    <Page title={`Job ${name}`} sentence="The slots and runs of one job, and how to run, pause or resume it.">
      <OpsSections />
      <Grid>
        <Panel
          title="State"
          of={jobs}
          size={5}
          empty={{ when: () => job === undefined, why: `This Worker has no job named ${name}.` }}
        >
          {() => job && <State job={job} at={`/v1/ops/jobs#data.${index}`} />}
        </Panel>
        {job && <Actions job={job} reload={reload} />}
        <Panel
          title="Slots"
          of={runs}
          size={2}
          wide
          empty={{ when: ({ data }) => data.length === 0, why: 'It has not run yet.' }}
        >
          {({ data }) =>
            job ? (
              <Strip
                slots={lastSlots(job, data, {
                  now,
                  count: shownSlots,
                })}
              />
            ) : (
              <Nothing why="Its schedule is not known." />
            )
          }
        </Panel>
        <RunList name={name} />
      </Grid>
    </Page>
  )
}

function State({ job, at }: { job: Job; at: string }) {
  return (
    <Facts>
      <Fact name="State">
        <JobState of={job} />
      </Fact>
      {job.pause && (
        <Fact name="Paused">
          until <When iso={job.pause.until} /> by {job.pause.by}: {job.pause.reason}
        </Fact>
      )}
      <Fact name="Schedule">
        <code>{job.cron}</code> UTC
      </Fact>
      <Fact name="Next slot">
        <Ago at={`${at}.nextAt`} iso={job.nextAt} />
      </Fact>
      <Fact name="Missed, 24 h">
        <Value at={`${at}.missed`} value={job.missed} />
      </Fact>
      <Fact name="Passed while paused, 24 h">
        <Value at={`${at}.pausedSlots`} value={job.pausedSlots} />
      </Fact>
      <Fact name="Failures in a row">
        <Value at={`${at}.failuresInRow`} value={job.failuresInRow} />
      </Fact>
      <Fact name="Began after its slot">
        <Seconds at={`${at}.lateSeconds`} value={job.lateSeconds} />
      </Fact>
      <Fact name="Mean, 24 h">
        <Ms at={`${at}.meanMs`} value={job.meanMs} />
      </Fact>
      <Fact name="p95, 24 h">
        <Ms at={`${at}.p95Ms`} value={job.p95Ms} />
      </Fact>
    </Facts>
  )
}

function Actions({ job, reload }: { job: Job; reload: () => Promise<unknown> }) {
  const run = useAction<Answered>()
  const pause = useAction<Pause>()
  const resume = useAction<null>()
  const at = `/v1/ops/jobs/${encodeURIComponent(job.name)}`
  const answer = run.done.value
  async function then<T>(action: Action<T>, done: Promise<T | null>, said: string): Promise<void> {
    await done
    await reload()
    if (action.problem.value === null) announce(said)
  }
  return (
    <section class="panel" aria-label="Actions">
      <header>
        <h2>Actions</h2>
      </header>
      <div class="buttons">
        <ActButton
          label="Run it now"
          action={run}
          main
          act={() => then(run, run.send(`${at}/run`), `The job ${job.name} ran`)}
        />
        {job.pause && (
          <ActButton
            label="Resume: the next slot runs"
            action={resume}
            act={() =>
              then(resume, resume.send(`${at}/pause`, { method: 'DELETE' }), `The job ${job.name} goes on`)
            }
          />
        )}
      </div>
      {run.problem.value && <Failure problem={run.problem.value} />}
      {resume.problem.value && <Failure problem={resume.problem.value} />}
      {answer && (
        <p>
          {answer.ran ? (
            <>
              <Outcome outcome={answer.outcome ?? 'ok'} /> {counted(answer.rows ?? 0, 'row')}
            </>
          ) : (
            `It did not run: ${answer.reason ?? 'unknown'}`
          )}
        </p>
      )}
      {job.pause === null && (
        <Form
          label="Pause the job"
          button="Pause: its slots are not missed"
          problem={pause.problem.value}
          state={pause.state.value}
          send={({ hours = '1', reason = '' }) =>
            then(
              pause,
              pause.send(`${at}/pause`, (now) => ({
                body: { until: new Date(now + Number(hours) * hourMs).toISOString(), reason },
              })),
              `The job ${job.name} is paused`,
            )
          }
        >
          <Field
            name="hours"
            label="Pause for"
            value="1"
            options={[
              { value: '1', label: '1 hour' },
              { value: '4', label: '4 hours' },
              { value: '12', label: '12 hours' },
              { value: '23.9', label: 'a day' },
            ]}
          />
          <Field name="reason" label="Why" problem={pause.problem.value} hint="Others read it in the log" />
        </Form>
      )}
    </section>
  )
}

const outcomeTones: Record<JobRun['outcome'], Tone> = {
  ok: 'ok',
  skipped: 'plain',
  failed: 'bad',
  running: 'accent',
}

function Outcome({ outcome }: { outcome: JobRun['outcome'] }) {
  return <Badge word={outcome === 'skipped' ? 'nothing to do' : outcome} tone={outcomeTones[outcome]} />
}

function RunList({ name }: { name: string }) {
  return (
    <List<JobRun>
      title="Runs"
      path={`/v1/ops/jobs/runs?job=${encodeURIComponent(name)}`}
      every={30}
      rowKey={({ id }) => id}
      sorted="newest first"
      leavesOut="Runs that found no work are left out."
      empty={{ why: 'No run of it did any work yet.' }}
      columns={[
        { name: 'Began', cell: ({ startedAt }) => <When iso={startedAt} short={false} /> },
        { name: 'Outcome', cell: ({ outcome }) => <Outcome outcome={outcome} /> },
        { name: 'By', cell: ({ trigger }) => (trigger === 'cron' ? 'the clock' : 'a person') },
        { name: 'Rows', numeric: true, cell: ({ rows }, _, at) => <Value at={`${at}.rows`} value={rows} /> },
        {
          name: 'Took',
          numeric: true,
          cell: ({ startedAt, finishedAt }, _, at) =>
            finishedAt === null ? (
              'runs'
            ) : (
              <Computed from={`${at}.finishedAt`}>
                {duration(Date.parse(finishedAt) - Date.parse(startedAt))}
              </Computed>
            ),
        },
        {
          name: 'Round trips',
          numeric: true,
          cell: ({ roundTrips }, _, at) => <Value at={`${at}.roundTrips`} value={roundTrips} />,
        },
        {
          name: 'Result',
          cell: ({ error, detail, id }) =>
            error ??
            (detail === null ? (
              <span class="muted">none</span>
            ) : (
              <Evidence of={detail} caption={`Result of run ${id}`} />
            )),
        },
      ]}
    />
  )
}
