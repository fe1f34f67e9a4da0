import { useSignal } from '@preact/signals'
import type { Delivery } from '../../functions/webhooks/deliveries/contract.ts'
import type { Webhook, WebhookWithSecret } from '../../functions/webhooks/subscriptions/contract.ts'
import { deliveryStates } from '../../schema/webhooks/states.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { ActButton } from '../parts/button.tsx'
import { List } from '../parts/list.tsx'
import { Grid, Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { go } from '../parts/route.ts'
import { Ago, Fact, Facts, Value, When } from '../parts/value.tsx'
import { Delivered, Health, hookHref, Secret } from './words.tsx'

/** One webhook: whether it works, its deliveries, and what its owner may do. */
export function page({ params: { id = '' } }: { params: Record<string, string> }) {
  const at = `/v1/webhooks/${encodeURIComponent(id)}`
  const hook = useResource<Webhook>(at, { every: 15 })
  const secret = useSignal<string | null>(null)
  return (
    <Page
      title="Webhook"
      sentence="The state of one webhook, each event that was sent to it, and each attempt."
    >
      {secret.value && <Secret secret={secret.value} done={() => (secret.value = null)} />}
      <Grid>
        <Settings of={hook} at={at} />
        {hook.data.value && (
          <Actions
            hook={hook.data.value}
            at={at}
            reload={hook.reload}
            tell={(fresh) => (secret.value = fresh)}
          />
        )}
        <Deliveries id={Number(id)} at={at} />
      </Grid>
    </Page>
  )
}

function Settings({ of, at }: { of: Resource<Webhook>; at: string }) {
  return (
    <Panel title="Settings" of={of} size={4}>
      {(hook) => (
        <Facts>
          <Fact name="State">
            <Health of={hook} />
          </Fact>
          <Fact name="URL">
            <code>{hook.url}</code>
          </Fact>
          <Fact name="Events">{hook.events.join(', ')}</Fact>
          <Fact name="Description">{hook.description ?? 'none'}</Fact>
          <Fact name="Failures in a row">
            <Value at={`${at}#failures`} value={hook.failures} />
          </Fact>
          {hook.failingSince !== null && (
            <Fact name="Failing since">
              <Ago at={`${at}#failingSince`} iso={hook.failingSince} />
            </Fact>
          )}
          {hook.pausedUntil !== null && (
            <Fact name="Next attempt">
              <Ago at={`${at}#pausedUntil`} iso={hook.pausedUntil} />
            </Fact>
          )}
          {hook.oldSecretUntil !== null && (
            <Fact name="Old secret signs until">
              <When at={`${at}#oldSecretUntil`} iso={hook.oldSecretUntil} />
            </Fact>
          )}
          <Fact name="Version">
            <Value at={`${at}#version`} value={hook.version} />
          </Fact>
        </Facts>
      )}
    </Panel>
  )
}

type Acting = { hook: Webhook; at: string; reload: () => Promise<void>; tell: (secret: string) => void }

function Actions({ hook, at, reload, tell }: Acting) {
  const test = useAction<Delivery>()
  const change = useAction<Webhook>()
  const rotate = useAction<WebhookWithSecret>()
  const remove = useAction<null>()
  const tested = test.done.value
  const problem = [test, change, rotate, remove].map((one) => one.problem.value).find(Boolean) ?? null
  return (
    <section class="panel" aria-label="Actions">
      <header>
        <h2>Actions</h2>
      </header>
      <div class="buttons">
        <ActButton
          label="Send a test event"
          action={test}
          main
          act={async () => {
            const sent = await test.send(`${at}/test`)
            if (sent) announce(`The test event is ${sent.state}`)
          }}
        />
        <ActButton
          label={hook.enabled ? 'Disable: no events are sent' : 'Enable: pending events are sent'}
          action={change}
          act={async () => {
            await change.send(at, {
              method: 'PATCH',
              ifMatch: hook.version,
              body: { enabled: !hook.enabled },
            })
            await reload()
          }}
        />
        <ActButton
          label="Rotate the secret: both sign for a day"
          action={rotate}
          final
          act={async () => {
            const rotated = await rotate.send(`${at}/rotate`, { body: { overlapHours: 24 } })
            if (rotated) tell(rotated.secret)
            await reload()
          }}
        />
        <ActButton
          label="Remove the webhook"
          action={remove}
          final
          act={async () => {
            await remove.send(at, { method: 'DELETE' })
            if (remove.problem.value === null) go('/app/hooks')
          }}
        />
      </div>
      {problem && <Failure problem={problem} />}
      {tested && (
        <p>
          The test event <a href={`${hookHref(hook.id)}/deliveries/${tested.id}`}>{tested.eventId}</a> is{' '}
          <Delivered state={tested.state} />
          {tested.attempts[0] && ` after ${tested.attempts[0].tookMs ?? 0} ms`}
        </p>
      )}
    </section>
  )
}

function Deliveries({ id, at }: { id: number; at: string }) {
  return (
    <List<Delivery>
      title="Deliveries"
      path={`${at}/deliveries`}
      filters={[
        { name: 'state', label: 'State', options: deliveryStates.map((value) => ({ value, label: value })) },
      ]}
      every={15}
      rowKey={(delivery) => delivery.id}
      href={(delivery) => `${hookHref(id)}/deliveries/${delivery.id}`}
      sorted="newest first"
      leavesOut="Ended deliveries are kept for 30 days."
      empty={{ why: 'No event was sent to this webhook yet. Send a test event above.' }}
      columns={[
        { name: 'Event', cell: ({ type }) => type },
        { name: 'Subject', cell: ({ subject }) => subject },
        { name: 'State', cell: ({ state }) => <Delivered state={state} /> },
        {
          name: 'Attempts',
          numeric: true,
          cell: ({ id: delivery, attempts }) => (
            <Value at={`${at}/deliveries/${delivery}#attempts.length`} value={attempts.length} />
          ),
        },
        {
          name: 'Last result',
          cell: ({ attempts, reason }) => {
            const last = attempts.at(-1)
            if (last === undefined) return 'not tried yet'
            const status = last.status === null ? '' : ` (${last.status})`
            return reason ?? `${last.outcome ?? 'running'}${status}`
          },
        },
        {
          name: 'Next attempt',
          cell: ({ state, dueAt }) => (state === 'waiting' ? <Ago iso={dueAt} /> : 'none'),
        },
        { name: 'Happened', cell: ({ createdAt }) => <Ago iso={createdAt} /> },
      ]}
    />
  )
}
