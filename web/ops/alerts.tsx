import { useSignal } from '@preact/signals'
import type { Alert } from '../../functions/ops/alerts/contract.ts'
import type { Rule } from '../../functions/ops/rules/contract.ts'
import type { Silence } from '../../functions/ops/silences/contract.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { Evidence } from '../parts/evidence.tsx'
import { countOf, First } from '../parts/first.tsx'
import { Field, Form } from '../parts/form.tsx'
import { counted, noun, number } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { route } from '../parts/route.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Value, When } from '../parts/value.tsx'
import { hourMs } from '../parts/window.ts'
import { unitBeside } from './units.ts'
import { labelsOf, OpsSections, ruleHref, toneOfRule, withUnit } from './words.tsx'
import { worstOf } from './worst.ts'

type Alerts = { data: Alert[]; nextCursor: string | null }
type Rules = { data: Rule[]; nextCursor: null }
type Silences = { data: Silence[]; nextCursor: string | null }

export function page() {
  const rule = route.value.query.get('rule')
  const alerts = useResource<Alerts>(
    `/v1/ops/alerts?state=open${rule === null ? '' : `&rule=${encodeURIComponent(rule)}`}`,
    { every: 20 },
  )
  const silences = useResource<Silences>('/v1/ops/silences?open=true', { whenSeen: true, every: 60 })
  const rules = useResource<Rules>('/v1/ops/rules', { whenSeen: true, every: 60 })
  const reload = () => Promise.all([alerts.reload(), silences.reload()])
  return (
    <Page title="Alerts" sentence="The rules that watch the system, and the alerts that they raised.">
      <OpsSections />
      <AlertsPanel of={alerts} rule={rule} reload={reload} />
      <SilencesPanel of={silences} reload={reload} />
      <RulesPanel of={rules} />
    </Page>
  )
}

function AlertsPanel({
  of,
  rule,
  reload,
}: {
  of: Resource<Alerts>
  rule: string | null
  reload: () => Promise<unknown>
}) {
  return (
    <Panel
      title={rule === null ? 'Open alerts' : `Open alerts of ${rule}`}
      of={of}
      size={4}
      wide
      tools={rule !== null && <a href="/app/ops/alerts">Show all</a>}
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'None is open: every watched value is within its limits.',
      }}
    >
      {({ data, nextCursor }) => (
        <>
          <ul>
            {data.map((alert) => (
              <li key={alert.id} class="alert-card">
                <Card alert={alert} reload={reload} />
              </li>
            ))}
          </ul>
          <First shown={data.length} of={countOf({ data, nextCursor })} what="open alerts" />
        </>
      )}
    </Panel>
  )
}

function AlertBadge({ alert: { state, severity } }: { alert: Alert }) {
  if (state === 'pending')
    return <Badge word="pending" tone="plain" title="Not beyond the limit for long enough" />
  if (state === 'unknown')
    return <Badge word="unknown" tone="unknown" title="Without a value it has not ended" />
  return <Badge word={severity} tone={severity === 'critical' ? 'bad' : 'warn'} />
}

function Card({ alert, reload }: { alert: Alert; reload: () => Promise<unknown> }) {
  const open = useSignal<'acknowledge' | 'silence' | null>(null)
  const { rule, labels, value, unit, raise, clear, peak, count, firstSeenAt, why, evidence, advice } = alert
  const of = labelsOf(labels)
  return (
    <>
      <h3>
        <AlertBadge alert={alert} /> {rule}
        {of !== '' && ` of ${of}`}
      </h3>
      <p>
        <strong>{withUnit(value, unit)}</strong>; fires beyond {withUnit(raise, null)}, ends at{' '}
        {withUnit(clear, null)}, at worst {withUnit(peak, null)}; seen{' '}
        {count === 1 ? 'once' : `${number(count)} times`} since <Ago iso={firstSeenAt} />.
        {why !== null && ` Unknown, because: ${why}`}
      </p>
      {advice !== null && <p class="muted">Next: {advice}</p>}
      {alert.ackedAt !== null && (
        <p>
          <Badge word={`acknowledged by ${alert.ackedBy ?? 'somebody'}`} tone="plain" />: {alert.note}
        </p>
      )}
      {alert.silenced && <Badge word="silenced" tone="plain" title="Its messages are held back" />}
      {alert.flapping && <Badge word="flapping" tone="warn" title="Three changes within an hour" />}
      {evidence.length > 0 && (
        <details>
          <summary>Evidence: {counted(evidence.length, 'row')}</summary>
          <Evidence of={evidence} caption={`Evidence of ${rule} ${of}`} />
        </details>
      )}
      <div class="buttons">
        <a class="button" href={ruleHref(rule)}>
          Values of {rule}
        </a>
        {alert.ackedAt === null && (
          <button
            type="button"
            aria-expanded={open.value === 'acknowledge'}
            onClick={() => (open.value = open.value === 'acknowledge' ? null : 'acknowledge')}
          >
            Acknowledge {rule}
          </button>
        )}
        {!alert.silenced && (
          <button
            type="button"
            aria-expanded={open.value === 'silence'}
            onClick={() => (open.value = open.value === 'silence' ? null : 'silence')}
          >
            Silence {rule}
          </button>
        )}
      </div>
      {open.value === 'acknowledge' && (
        <Acknowledge alert={alert} reload={reload} done={() => (open.value = null)} />
      )}
      {open.value === 'silence' && (
        <SilenceForm alert={alert} reload={reload} done={() => (open.value = null)} />
      )}
    </>
  )
}

type FormOf = { alert: Alert; reload: () => Promise<unknown>; done: () => void }

function Acknowledge({ alert, reload, done }: FormOf) {
  const action = useAction<Alert>()
  return (
    <Form
      label={`Acknowledge ${alert.rule}`}
      button="Acknowledge: no repeated messages"
      problem={action.problem.value}
      state={action.state.value}
      send={async ({ note = '' }) => {
        const taken = await action.send(`/v1/ops/alerts/${alert.id}/acknowledge`, { body: { note } })
        if (!taken) return
        announce(`${alert.rule} is acknowledged`)
        done()
        await reload()
      }}
    >
      <Field name="note" label="Note" problem={action.problem.value} hint="Your next step; others read it" />
    </Form>
  )
}

function SilenceForm({ alert, reload, done }: FormOf) {
  const action = useAction<Silence>()
  return (
    <Form
      label={`Silence ${alert.rule}`}
      button="Silence: no messages"
      problem={action.problem.value}
      state={action.state.value}
      send={async ({ lasts = '1', reason = '' }) => {
        const until = (at: number) =>
          lasts === 'resolved'
            ? { untilResolved: true }
            : { until: new Date(at + Number(lasts) * hourMs).toISOString() }
        const made = await action.send('/v1/ops/silences', (at) => ({
          body: { rule: alert.rule, labels: alert.labels, reason, ...until(at) },
        }))
        if (!made) return
        announce(`${alert.rule} is silenced`)
        done()
        await reload()
      }}
    >
      <Field
        name="lasts"
        label="For"
        value="1"
        options={[
          { value: '1', label: '1 hour' },
          { value: '8', label: '8 hours' },
          { value: '72', label: '3 days' },
          { value: 'resolved', label: 'until it ends' },
        ]}
      />
      <Field name="reason" label="Reason" problem={action.problem.value} hint="Others read it in the log" />
    </Form>
  )
}

function SilencesPanel({ of, reload }: { of: Resource<Silences>; reload: () => Promise<unknown> }) {
  const action = useAction<null>()
  return (
    <Panel
      title="Silences"
      of={of}
      size={2}
      wide
      empty={{ when: ({ data }) => data.length === 0, why: 'None: every alert sends its messages.' }}
    >
      {({ data, nextCursor }) => (
        <>
          <Table
            caption="Silences in force"
            rows={data}
            rowKey={({ id }) => id}
            columns={[
              { name: 'Rule', cell: ({ rule, labels }) => `${rule ?? 'every rule'} ${labelsOf(labels)}` },
              { name: 'Reason', cell: ({ reason }) => reason },
              { name: 'By', cell: ({ by }) => by },
              {
                name: 'Until',
                cell: ({ until }) => (until === null ? 'it ends' : <When iso={until} />),
              },
              {
                name: 'Holds back',
                numeric: true,
                cell: ({ alerts }, index) => (
                  <Value at={`${of.path}#data.${index}.alerts`} value={alerts} unit={noun(alerts, 'alert')} />
                ),
              },
              {
                name: 'Action',
                cell: ({ id, rule }) => (
                  <ActButton
                    label={`End the silence of ${rule ?? 'every rule'}`}
                    action={action}
                    act={async () => {
                      await action.send(`/v1/ops/silences/${id}`, { method: 'DELETE' })
                      await reload()
                    }}
                  />
                ),
              },
            ]}
          />
          <First shown={data.length} of={countOf({ data, nextCursor })} what="silences" />
          {action.problem.value && <Failure problem={action.problem.value} />}
        </>
      )}
    </Panel>
  )
}

/** The API gives no more values of a rule than these. */
const mostMeasured = 100

/** The worst value. The page of the rule has them all. */
function Newest({ rule: { measured, unit, ...limits } }: { rule: Rule }) {
  const worst = worstOf(measured, limits)
  if (worst === undefined) return <span class="muted">none</span>
  const others = measured.length - 1
  return (
    <>
      {`${labelsOf(worst.labels)} ${withUnit(worst.value, unit)}`.trim()}
      {others > 0 && `; and ${measured.length < mostMeasured ? others : `at least ${others}`} more`}
    </>
  )
}

function RulesPanel({ of }: { of: Resource<Rules> }) {
  return (
    <Panel
      title="Rules"
      of={of}
      size={5}
      wide
      empty={{ when: ({ data }) => data.length === 0, why: 'This Worker watches nothing.' }}
    >
      {({ data }) => (
        <Table
          caption="Rules"
          rows={data}
          rowKey={({ name }) => name}
          href={({ name }) => ruleHref(name)}
          at={(_, index) => `${of.path}#data.${index}`}
          columns={[
            { name: 'Rule', cell: ({ name }) => <span class="nowrap">{name}</span> },
            {
              name: 'State',
              cell: ({ state, silenced, severity }) => (
                <>
                  <Badge word={state} tone={toneOfRule(state, severity)} />
                  {silenced && ' silenced'}
                </>
              ),
            },
            {
              name: 'Worst now',
              cell: (rule) => <Newest rule={rule} />,
            },
            {
              name: 'Fires beyond',
              numeric: true,
              cell: ({ raise, unit }, _, at) => (
                <Value at={`${at}.raise`} value={raise} unit={unitBeside(raise, unit)} />
              ),
            },
            {
              name: 'Ends at',
              numeric: true,
              cell: ({ clear, unit }, _, at) => (
                <Value at={`${at}.clear`} value={clear} unit={unitBeside(clear, unit)} />
              ),
            },
            { name: 'Evaluated', cell: ({ asOf }) => (asOf === null ? 'never' : <Ago iso={asOf} />) },
          ]}
        />
      )}
    </Panel>
  )
}
