import type { Query } from '../../functions/ops/queries/contract.ts'
import { Chart } from '../parts/chart.tsx'
import { Ms, Share } from '../parts/measured.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Nothing, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Ago, Fact, Facts, Value } from '../parts/value.tsx'
import { OpsSections } from './words.tsx'

/** One statement: its text, its plan, and its cost over time. */
export function page({ params: { name = '' } }: { params: Record<string, string> }) {
  const at = `/v1/ops/queries/${encodeURIComponent(name)}`
  const query = useResource<Query>(at, { every: 60 })
  return (
    <Page
      title={`Statement ${name}`}
      sentence="The text of one statement, its plan, and its cost in the last hour."
    >
      <OpsSections />
      <Grid>
        <Panel title="Cost, last hour" of={query} size={4} wide asOf={({ asOf }) => asOf}>
          {({ figures, why, series }) => (
            <>
              {figures === null ? (
                <Nothing why={why ?? 'It was not called in this hour, or Postgres was not read since.'} />
              ) : (
                <Facts>
                  <Fact name="Calls">
                    <Value at={`${at}#figures.calls`} value={figures.calls} />
                  </Fact>
                  <Fact name="Share of all time">
                    <Share at={`${at}#figures.share`} value={figures.share} />
                  </Fact>
                  <Fact name="Mean">
                    <Ms at={`${at}#figures.meanMs`} value={figures.meanMs} />
                  </Fact>
                  <Fact name="p95, measured by the Worker">
                    <Ms at={`${at}#figures.p95Ms`} value={figures.p95Ms} />
                  </Fact>
                  <Fact name="p95, estimated of Postgres">
                    <Ms at={`${at}#figures.serverP95Ms`} value={figures.serverP95Ms} />
                  </Fact>
                  <Fact name="Rows">
                    <Value at={`${at}#figures.rows`} value={figures.rows} />
                  </Fact>
                </Facts>
              )}
              {series.length > 1 && (
                <Chart
                  title="Mean time of a call"
                  times={series.map(({ begins }) => Date.parse(begins))}
                  series={[
                    {
                      name: 'Mean',
                      unit: 'ms',
                      values: series.map(({ calls, totalMs }) => (calls === 0 ? null : totalMs / calls)),
                    },
                  ]}
                />
              )}
            </>
          )}
        </Panel>
        <Panel
          title="Text and plan"
          of={query}
          size={4}
          wide
          empty={{
            when: ({ statements }) => statements.length === 0,
            why: 'Postgres has not kept its text.',
          }}
        >
          {({ statements }) =>
            statements.map(({ text, plan, why, firstSeenAt }) => (
              <div key={text} class="alert-card">
                <p class="muted">
                  First seen <Ago iso={firstSeenAt} />
                </p>
                <pre tabIndex={0}>{text}</pre>
                {plan === null ? <p class="unknown">No plan: {why}</p> : <pre tabIndex={0}>{plan}</pre>}
              </div>
            ))
          }
        </Panel>
      </Grid>
    </Page>
  )
}
