import type { z } from 'zod'
import type { ExplainedClick } from '../../functions/clicks/clicks/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Fact, Facts, Value, When } from '../parts/value.tsx'
import { conditionOf } from './rules.tsx'
import { toneOf } from './words.ts'

type Explained = z.infer<typeof ExplainedClick>

/** One click explained: each rule that holds with the fact that it compared, and whether its choice follows again. */
export function page({ params: { id = '' } }: { params: Record<string, string> }) {
  const click = useResource<Explained>(`/v1/clicks/clicks/${encodeURIComponent(id)}`, { every: 60 })
  return (
    <Page
      title="A click, explained"
      sentence="Why this click counts or not: each rule that holds, the fact that it compared, and the choice that followed."
    >
      <Panel title="Decision" of={click} size={3} wide>
        {(shown) => <Decision click={shown} path={click.path} />}
      </Panel>
      <Grid>
        <Panel title="Visitor" of={click} size={4}>
          {(shown) => <Visitor click={shown} />}
        </Panel>
        <Panel title="Facts that rules compare" of={click} size={4}>
          {({ facts }) => (
            <Facts>
              {Object.entries(facts).map(([name, value]) => (
                <Fact key={name} name={name}>
                  <code>{JSON.stringify(value)}</code>
                </Fact>
              ))}
            </Facts>
          )}
        </Panel>
      </Grid>
      <Panel
        title="After the redirect"
        of={click}
        size={1}
        wide
        empty={{
          when: ({ events, convertedAt }) => events.length === 0 && convertedAt === null,
          why: 'Nothing is recorded after the redirect.',
        }}
      >
        {({ events, conversionType, convertedAt }) => (
          <Table
            caption="Events of this click"
            rows={[
              ...events,
              ...(convertedAt === null
                ? []
                : [
                    {
                      id: 'conversion',
                      type: `conversion: ${conversionType}`,
                      data: {},
                      createdAt: convertedAt,
                    },
                  ]),
            ]}
            rowKey={(event) => event.id}
            columns={[
              { name: 'Event', cell: ({ type }) => type },
              { name: 'Data', cell: ({ data }) => <code>{JSON.stringify(data)}</code> },
              { name: 'At', cell: ({ createdAt }) => <When iso={createdAt} short={false} /> },
            ]}
          />
        )}
      </Panel>
    </Page>
  )
}

function Decision({ click, path }: { click: Explained; path: string }) {
  const weight = click.rules.reduce((sum, rule) => sum + rule.weight, 0)
  return (
    <>
      <p class="verdict">
        <Badge word={click.isValid ? 'valid' : `invalid: ${click.validity}`} tone={toneOf(click.validity)} />{' '}
        {click.rules.length === 0
          ? 'No rule holds.'
          : `The rules that hold weigh ${weight}; from 100 on a click is invalid.`}{' '}
        {click.ruleSetId !== null && <span class="muted">Rule set {click.ruleSetId}.</span>}
      </p>
      {click.rules.length > 0 && (
        <Table
          caption="Rules that hold"
          rows={click.rules}
          rowKey={({ name }) => name}
          columns={[
            { name: 'Rule', cell: ({ name }) => name },
            { name: 'Holds when', cell: (rule) => <code>{conditionOf(rule)}</code> },
            { name: 'Found', cell: ({ found }) => <code>{JSON.stringify(found)}</code> },
            {
              name: 'Weight',
              numeric: true,
              cell: ({ weight }, index) => <Value at={`${path}#rules.${index}.weight`} value={weight} />,
            },
            { name: 'Class', cell: (rule) => (rule.class === 'G' ? 'general' : 'sophisticated') },
            { name: 'Reason', cell: ({ reason }) => reason },
          ]}
        />
      )}
      <p>
        Sent to {click.choice.offerId === null ? 'no offer' : `offer ${click.choice.offerId}`}
        {click.choice.landingPageId !== null && ` over landing page ${click.choice.landingPageId}`}, by
        version {click.configVersion} of <a href={`/app/clicks/${click.campaignId}`}>{click.campaign}</a>:{' '}
        <Again recomputed={click.choice.recomputed} />
      </p>
    </>
  )
}

function Again({ recomputed }: { recomputed: boolean | null }) {
  if (recomputed === null) return <Badge word="cannot be computed again" tone="unknown" />
  return recomputed ? (
    <Badge word="the same choice follows again" tone="ok" />
  ) : (
    <Badge word="another choice follows" tone="bad" />
  )
}

function Visitor({ click }: { click: Explained }) {
  const { country, device, os, browser, userAgent, referrer, ipPrefix, visitorKey, isUnique, kind } = click
  const facts: [string, string | null][] = [
    ['Country', country],
    ['Device', device],
    ['System', os],
    ['Browser', browser],
    ['Network', ipPrefix],
    ['User-Agent', userAgent],
    ['Came from', referrer],
    ['Hoster', click.hosting],
    ['Bot', click.bot],
    ['sub1', click.sub1],
    ['sub2', click.sub2],
  ]
  return (
    <Facts>
      <Fact name="Clicked">
        <When iso={click.createdAt} short={false} />
      </Fact>
      <Fact name="Kind">
        {kind}
        {isUnique === null
          ? ', without a visitor key'
          : isUnique
            ? ', the first of this visitor that day'
            : ''}
      </Fact>
      <Fact name="Visitor key">{visitorKey === null ? 'none is kept' : <code>{visitorKey}</code>}</Fact>
      {facts.map(([name, value]) => (
        <Fact key={name} name={name}>
          {value ?? <span class="muted">none</span>}
        </Fact>
      ))}
    </Facts>
  )
}
