import { useSignal } from '@preact/signals'
import type { DeadMessage, Replayed } from '../../functions/ops/dead/contract.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { Bytes } from '../parts/bytes.tsx'
import { counted } from '../parts/numbers.ts'
import { Failure, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Value } from '../parts/value.tsx'

type Dead = { data: DeadMessage[]; nextCursor: string | null }

const at = '/v1/ops/dead'

/** A replay stores exactly the messages that are marked, so the marks belong to what is on the screen. */
export function DeadMessages() {
  const dead = useResource<Dead>(`${at}?limit=100`, { whenSeen: true, every: 30 })
  const marked = useSignal<ReadonlySet<number>>(new Set())
  const action = useAction<Replayed>()
  const streamOf = (message: DeadMessage) => message.stream

  function mark(id: number, isMarked: boolean): void {
    const next = new Set(marked.value)
    if (isMarked) next.add(id)
    else next.delete(id)
    marked.value = next
  }

  async function replay(stream: string, ids: readonly number[]): Promise<void> {
    const done = await action.send(`${at}/replay`, { body: { stream, ids } })
    await dead.reload()
    if (!done) return
    const stored = done.data.filter(({ outcome }) => outcome === 'stored').length
    marked.value = new Set()
    announce(`${stored} of ${counted(ids.length, 'message')} stored`)
  }

  return (
    <Panel
      title="Dead messages"
      of={dead}
      size={3}
      wide
      empty={{
        when: ({ data }) => data.length === 0,
        why: 'None: no message of a queue was given up.',
      }}
    >
      {({ data, nextCursor }) => {
        const chosen = data.filter(({ id }) => marked.value.has(id))
        const streams = [...new Set(chosen.map(streamOf))]
        const failures = (action.done.value?.data ?? []).filter(({ outcome }) => outcome !== 'stored')
        return (
          <>
            <Table
              caption="Messages that a queue consumer gave up, newest first"
              rows={data}
              rowKey={({ id }) => id}
              columns={[
                {
                  name: 'Mark',
                  cell: ({ id }) => (
                    <input
                      type="checkbox"
                      aria-label={`Mark message ${id}`}
                      checked={marked.value.has(id)}
                      onChange={(event) => mark(id, event.currentTarget.checked)}
                    />
                  ),
                },
                { name: 'Stream', cell: streamOf },
                { name: 'Reason', cell: ({ reason }) => <Badge word={reason} tone="bad" /> },
                {
                  name: 'Attempts',
                  numeric: true,
                  cell: ({ attempts }, index) => (
                    <Value at={`${dead.path}#data.${index}.attempts`} value={attempts} />
                  ),
                },
                {
                  name: 'Items',
                  numeric: true,
                  cell: ({ items }, index) => <Value at={`${dead.path}#data.${index}.items`} value={items} />,
                },
                {
                  name: 'Size',
                  numeric: true,
                  cell: ({ bytes }, index) => <Bytes at={`${dead.path}#data.${index}.bytes`} value={bytes} />,
                },
                { name: 'Given up', cell: ({ createdAt }) => <Ago iso={createdAt} /> },
              ]}
            />
            {action.problem.value && <Failure problem={action.problem.value} />}
            {failures.length > 0 && (
              <ul>
                {failures.map(({ id, reason }) => (
                  <li key={id}>
                    Message {id} stays dead: {reason ?? 'unknown'}
                  </li>
                ))}
              </ul>
            )}
            <footer class="list-end">
              <p class="muted">
                {nextCursor === null ? `All ${data.length}` : `The newest ${data.length}`}, newest first.
              </p>
              <div class="buttons">
                {streams.map((stream) => {
                  const ids = chosen.filter((message) => message.stream === stream).map(({ id }) => id)
                  return (
                    <ActButton
                      key={stream}
                      label={`Store these ${ids.length} of ${stream}`}
                      action={action}
                      main
                      act={() => replay(stream, ids)}
                    />
                  )
                })}
                {streams.length === 0 && <span class="muted">Mark messages to store them after all.</span>}
              </div>
            </footer>
          </>
        )
      }}
    </Panel>
  )
}
