import { useEffect } from 'preact/hooks'
import type { Rule, RuleValues, Tried } from '../../functions/ops/rules/contract.ts'
import { type Action, useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { Badge } from '../parts/badge.tsx'
import { type Band, Chart } from '../parts/chart.tsx'
import { now } from '../parts/clock.ts'
import { Field, Form } from '../parts/form.tsx'
import type { Span } from '../parts/lane.tsx'
import { Seconds } from '../parts/measured.tsx'
import { counted, number } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { route, setQuery } from '../parts/route.ts'
import { Table } from '../parts/table.tsx'
import { day } from '../parts/times.ts'
import { Fact, Facts, Value, When } from '../parts/value.tsx'
import { unitBeside } from './units.ts'
import { labelsOf, OpsSections, toneOfRule, withUnit } from './words.tsx'

type Rules = { data: Rule[]; nextCursor: null }

const ranges: Record<string, number> = { '6 h': 6, '24 h': 24, '14 days': 336 }

/** One rule: its values over time, its limits, and what other limits would have done. */
export function page({ params: { name = '' } }: { params: Record<string, string> }) {
  const wanted = route.value.query.get('range') ?? '24 h'
  const range = wanted in ranges ? wanted : '24 h'
  const path = `/v1/ops/rules/${encodeURIComponent(name)}`
  const rules = useResource<Rules>('/v1/ops/rules', { every: 60 })
  const values = useResource<RuleValues>(`${path}/values?hours=${ranges[range]}`, { every: 60 })
  const tried = useAction<Tried>()
  const asItIs = useAction<Tried>()
  useEffect(() => void asItIs.send(`${path}/try`, { body: {} }), [path])
  const index = rules.data.value?.data.findIndex((rule) => rule.name === name) ?? -1
  const rule = rules.data.value?.data[index]
  return (
    <Page
      title={`Rule ${name}`}
      sentence="The values that one rule watches, and a trial of other limits on the values of fourteen days."
    >
      <OpsSections />
      <Panel
        title="Limits"
        of={rules}
        size={3}
        wide
        empty={{ when: () => rule === undefined, why: `This Worker has no rule named ${name}.` }}
      >
        {() => rule && <Limits rule={rule} at={`${rules.path}#data.${index}`} />}
      </Panel>
      <Panel
        title="Values"
        of={values}
        size={5}
        wide
        tools={<Range value={range} />}
        empty={{
          when: ({ data }) => data.length === 0,
          why: 'The rule has found nothing to watch in this time. It is evaluated each minute.',
        }}
      >
        {(answer) => <ValuesChart of={answer} tried={tried.done.value ?? asItIs.done.value} />}
      </Panel>
      <section class="panel wide" aria-label="Other limits">
        <header>
          <h2>Other limits</h2>
        </header>
        <p>Nothing is changed: the kept values are judged again by the limits that you type.</p>
        <Trial rule={rule} path={`${path}/try`} tried={tried} asItIs={asItIs.done.value} />
      </section>
    </Page>
  )
}

function Limits({ rule, at }: { rule: Rule; at: string }) {
  return (
    <Facts>
      <Fact name="State">
        <Badge word={rule.state} tone={toneOfRule(rule.state, rule.severity)} />
      </Fact>
      <Fact name="Fires beyond">
        <Value at={`${at}.raise`} value={rule.raise} unit={unitBeside(rule.raise, rule.unit)} />
        <For at={`${at}.pendingFor`} seconds={rule.pendingFor} />
      </Fact>
      <Fact name="Ends at">
        <Value at={`${at}.clear`} value={rule.clear} unit={unitBeside(rule.clear, rule.unit)} />
        <For at={`${at}.clearFor`} seconds={rule.clearFor} />
      </Fact>
      {rule.critical !== null && (
        <Fact name="Critical beyond">
          <Value at={`${at}.critical`} value={rule.critical} unit={unitBeside(rule.critical, rule.unit)} />
        </Fact>
      )}
      <Fact name="Next step">{rule.advice}</Fact>
    </Facts>
  )
}

function For({ at, seconds }: { at: string; seconds: number }) {
  if (seconds === 0) return ', at once'
  return (
    <>
      {' '}
      for <Seconds at={at} value={seconds} />
    </>
  )
}

function Range({ value }: { value: string }) {
  return (
    <div class="filters">
      <label>
        <span>Time</span>
        <select value={value} onChange={(event) => setQuery({ range: event.currentTarget.value })}>
          {Object.keys(ranges).map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function ValuesChart({ of, tried }: { of: RuleValues; tried: Tried | null }) {
  const times = [
    ...new Set(of.data.flatMap(({ points }) => points.map(({ at }) => Date.parse(at)))),
  ].toSorted((a, b) => a - b)
  const series = of.data.map(({ labels, points }) => {
    const by = new Map(points.map(({ at, value }) => [Date.parse(at), value]))
    return {
      name: labelsOf(labels) || of.rule,
      unit: of.unit,
      values: times.map((time) => by.get(time) ?? null),
    }
  })
  const spans = (tried?.alerts ?? []).map(
    ({ labels, firedAt, endedAt, peak }): Span => ({
      from: Date.parse(firedAt),
      to: endedAt === null ? now.peek() : Date.parse(endedAt),
      word: 'alert',
      tone: 'bad',
      text: `${labelsOf(labels) || of.rule}, at worst ${withUnit(peak, of.unit)}`,
    }),
  )
  return (
    <Chart
      title={`Values of ${of.rule}`}
      times={times}
      series={series}
      band={quietBand(tried?.limits ?? of, series)}
      {...(spans.length > 0 && { lane: { name: 'these limits', spans } })}
    >
      <p class="muted">
        Each point is the worst value of {counted(of.stepSeconds, 'second')}. In the green range nothing
        fires.
        {of.things > of.data.length &&
          ` The ${of.data.length} worst of ${number(of.things)} things are shown.`}
      </p>
    </Chart>
  )
}

/** The values at which the rule does not fire, as far as the chart shows them. */
function quietBand(
  { raise, clear }: { raise: number; clear: number },
  series: readonly { values: readonly (number | null)[] }[],
): Band {
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null))
  return raise >= clear
    ? { name: 'quiet', from: Math.min(0, ...known), to: raise }
    : { name: 'quiet', from: raise, to: Math.max(clear, ...known) }
}

type TrialOf = { rule: Rule | undefined; path: string; tried: Action<Tried>; asItIs: Tried | null }

const fields = [
  { name: 'raise', label: 'Fires beyond' },
  { name: 'clear', label: 'Ends at' },
  { name: 'pendingFor', label: 'Seconds beyond the limit before it fires' },
  { name: 'clearFor', label: 'Seconds at the clear value before it ends' },
] as const

function Trial({ rule, path, tried, asItIs }: TrialOf) {
  const answer = tried.done.value
  return (
    <>
      {asItIs && <p>{sentenceOf(asItIs, 'the limits as they are')}</p>}
      <Form
        label="Try other limits"
        button="Try these limits"
        problem={tried.problem.value}
        state={tried.state.value}
        send={async (typed) => {
          const body = Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, Number(text)]))
          const done = await tried.send(path, { body })
          if (done) announce(sentenceOf(done, 'these limits'))
        }}
      >
        {fields.map(({ name, label }) => (
          <Field
            key={name}
            name={name}
            label={label}
            problem={tried.problem.value}
            {...(rule && { hint: `now ${withUnit(rule[name], name.endsWith('For') ? 's' : rule.unit)}` })}
          />
        ))}
      </Form>
      {answer && (
        <>
          <p class="note" role="status">
            <strong>{sentenceOf(answer, 'these limits')}</strong>
          </p>
          {answer.alerts.length > 0 && (
            <Table
              caption="The alerts that these limits would have fired"
              rows={answer.alerts.slice(0, mostShown)}
              rowKey={({ firedAt, labels }) => `${firedAt} ${labelsOf(labels)}`}
              columns={[
                { name: 'Of', cell: ({ labels }) => labelsOf(labels) || answer.rule },
                { name: 'Fired', cell: ({ firedAt }) => <When iso={firedAt} /> },
                {
                  name: 'Ended',
                  cell: ({ endedAt }) => (endedAt === null ? 'not yet' : <When iso={endedAt} />),
                },
                { name: 'At worst', cell: ({ peak }) => withUnit(peak, rule?.unit ?? null) },
              ]}
            />
          )}
          {answer.fired > mostShown && (
            <p class="muted">
              The first {mostShown} of {number(answer.fired)}.
            </p>
          )}
        </>
      )}
    </>
  )
}

const mostShown = 20

/** `From 13 Nov to 27 Nov, on 20 160 values, these limits would have fired 3 alerts.` */
function sentenceOf({ from, to, values, fired }: Tried, limits: string): string {
  if (from === null || to === null) return 'No value has been kept yet: the rule is evaluated each minute.'
  const alerts = fired === 0 ? 'no alert' : counted(fired, 'alert')
  return `From ${day(from)} to ${day(to)}, on ${counted(values, 'value')}, ${limits} would have fired ${alerts}.`
}
