import { useSignal } from '@preact/signals'
import type { z } from 'zod'
import type { DeliveryWithBody, Replayed } from '../../functions/webhooks/deliveries/contract.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { ActButton } from '../parts/button.tsx'
import { counted } from '../parts/numbers.ts'
import { Failure } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { type Later, readLater } from './later.ts'
import { replayOf } from './many.ts'

type ReplayOf = { of: DeliveryWithBody; hook: string; reload: () => Promise<void> }

/** Sends this event again, or all from it on. The many are counted first, so that the button names their number. */
export function SendAgain({ of, hook, reload }: ReplayOf) {
  const action = useAction<z.infer<typeof Replayed>>()
  const isOpen = useSignal(false)
  const path = `${hook}/deliveries?limit=200`
  const later = useResource<Later>(path, {
    wanted: isOpen.value,
    same: `${path} ${of.id}`,
    read: (request) => readLater(path, of.id, request),
  })
  const replay = (only: 'all' | 'dead', to?: string) => async () => {
    const done = await action.send(`${hook}/replay`, { body: { from: of.eventId, only, ...(to && { to }) } })
    await reload()
    if (isOpen.value) await later.reload()
    if (done) announce(`${counted(done.requeued, 'event is', 'events are')} sent again`)
  }
  const done = action.done.value
  return (
    <section class="panel" aria-label="Send again">
      <header>
        <h2>Send again</h2>
      </header>
      <p class="muted">
        With the same webhook-id and body, so a receiver that has it knows it.
        {of.state === 'waiting' && ' This one waits: it is tried again by itself.'}
      </p>
      <div class="buttons">
        <ActButton
          label="Replay this event"
          action={action}
          main
          disabled={of.state === 'waiting'}
          act={replay('all', of.eventId)}
        />
      </div>
      <details onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
        <summary>This event and all that came after it</summary>
        {later.problem.value && <Failure problem={later.problem.value} retry={later.reload} />}
        {later.data.value === null ? (
          later.problem.value === null && <p class="muted">Counting them…</p>
        ) : (
          <div class="buttons">
            {(['dead', 'all'] as const).map((only) => (
              <Many key={only} only={only} of={later.data.value} action={action} act={replay(only)} />
            ))}
          </div>
        )}
      </details>
      {action.problem.value && <Failure problem={action.problem.value} />}
      {done && (
        <p>
          {counted(done.requeued, 'event is', 'events are')} sent again.
          {done.next !== null && ` More remain, from ${done.next} on.`}
        </p>
      )}
    </section>
  )
}

type ManyOf = Pick<Parameters<typeof ActButton>[0], 'action' | 'act'> & {
  only: 'dead' | 'all'
  of: Later | null
}

function Many({ only, of, action, act }: ManyOf) {
  if (of === null) return null
  if (of.isWhole && of[only] === 0)
    return <p class="muted">{only === 'dead' ? 'None of them is dead.' : 'None of them has ended.'}</p>
  const named = replayOf(of[only], of.isWhole, only === 'dead' ? 'dead ' : '')
  return <ActButton {...named} action={action} final act={act} />
}
