import { useSignal } from '@preact/signals'
import type { Webhook, WebhookWithSecret } from '../../functions/webhooks/subscriptions/contract.ts'
import { useAction } from '../parts/action.ts'
import { Field, Form } from '../parts/form.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago } from '../parts/value.tsx'
import { Health, hookHref, Secret } from './words.tsx'

type Hooks = { data: Webhook[]; nextCursor: null }

/** The webhooks of their owner. */
export function page() {
  const hooks = useResource<Hooks>('/v1/webhooks', { every: 30 })
  return (
    <Page
      title="Webhooks"
      sentence="Servers that receive your events as signed requests, and what became of each event."
    >
      <Hooks of={hooks} />
      <Create reload={hooks.reload} />
    </Page>
  )
}

function Hooks({ of }: { of: Resource<Hooks> }) {
  return (
    <Panel
      title="Webhooks"
      of={of}
      size={4}
      wide
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'You have no webhooks. Create one below; its first event arrives within seconds.',
      }}
    >
      {({ data }) => (
        <Table
          caption="Webhooks"
          rows={data}
          rowKey={({ id }) => id}
          href={({ id }) => hookHref(id)}
          columns={[
            { name: 'URL', cell: ({ url }) => url },
            { name: 'Events', cell: ({ events }) => events.join(', ') },
            {
              name: 'Description',
              cell: ({ description }) => description ?? <span class="muted">none</span>,
            },
            { name: 'State', cell: (hook) => <Health of={hook} /> },
            { name: 'Created', cell: ({ createdAt }) => <Ago iso={createdAt} /> },
          ]}
        />
      )}
    </Panel>
  )
}

function Create({ reload }: { reload: () => Promise<void> }) {
  const action = useAction<WebhookWithSecret>()
  const secret = useSignal<string | null>(null)
  const made = useSignal(0)
  const problem = action.problem.value
  async function create({ url = '', events = '', description }: Record<string, string>): Promise<void> {
    const done = await action.send('/v1/webhooks', {
      body: { url, events: events.split(/[\s,]+/).filter(Boolean), ...(description && { description }) },
    })
    if (!done) return
    secret.value = done.secret
    made.value += 1
    await reload()
  }
  return (
    <>
      {secret.value && <Secret secret={secret.value} done={() => (secret.value = null)} />}
      <section class="panel wide" aria-label="Create a webhook">
        <header>
          <h2>Create a webhook</h2>
        </header>
        <Form
          key={made.value}
          label="Create a webhook"
          button="Create"
          send={create}
          problem={problem}
          state={action.state.value}
        >
          <Field
            name="url"
            label="URL"
            problem={problem}
            hint="https, and a public address. It answers 2xx to take an event."
          />
          <Field
            name="events"
            label="Events"
            problem={problem}
            hint="Names or prefixes with commas between, as in order.delivered, order.* or *"
          />
          <Field
            name="description"
            label="Description"
            problem={problem}
            hint="For people; may be left out"
          />
        </Form>
      </section>
    </>
  )
}
