import { signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { go } from './route.ts'

export const searchOpen = signal(false)

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The things that have a timeline, by the shape of their ids, the most likely first. */
const shapes: readonly { kind: string; form: RegExp }[] = [
  { kind: 'order', form: /^\d{1,15}$/ },
  { kind: 'zone', form: /^\d{1,15}$/ },
  { kind: 'conversion', form: /^\d{1,15}$/ },
  { kind: 'account', form: /^.+:[A-Z]{3}$/ },
  { kind: 'node', form: /^nd-/ },
  { kind: 'bet', form: uuid },
  { kind: 'payment', form: uuid },
  { kind: 'click', form: uuid },
  { kind: 'request', form: uuid },
]

/** `order 17` names the kind; else the shape of the id says what it can be, and free text may be of these kinds. */
function kindsOf(text: string): { kind: string; id: string }[] {
  const [, named = '', rest = ''] = /^([a-z]+)[\s:/]+([^\s:/].*)$/.exec(text) ?? []
  if (shapes.some(({ kind }) => kind === named)) return [{ kind: named, id: rest }]
  const fitting = shapes.filter(({ form }) => form.test(text)).map(({ kind }) => ({ kind, id: text }))
  if (fitting.length > 0 || text === '') return fitting
  return ['bet', 'payment', 'node', 'request'].map((kind) => ({ kind, id: text }))
}

const hrefOf = ({ kind, id }: { kind: string; id: string }) =>
  `/app/timeline/${kind}/${encodeURIComponent(id)}`

/** Finds a thing by its id, and opens its timeline. */
export function Search() {
  const text = useSignal('')
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (searchOpen.value) field.current?.focus()
  }, [searchOpen.value])
  if (!searchOpen.value) return null
  const found = kindsOf(text.value.trim())
  const close = () => {
    searchOpen.value = false
    text.value = ''
  }
  return (
    <aside
      class="drawer"
      aria-label="Find"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close()
      }}
    >
      <header>
        <h2>Find a thing by its id</h2>
        <button type="button" class="small" onClick={close}>
          Close
        </button>
      </header>
      <form
        class="form"
        aria-label="Find a thing by its id"
        onSubmit={(event) => {
          event.preventDefault()
          const [first] = found
          if (first === undefined) return
          close()
          go(hrefOf(first))
        }}
      >
        <div class="field">
          <label htmlFor="find-id">Id</label>
          <input
            id="find-id"
            ref={field}
            autocomplete="off"
            spellcheck={false}
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
          <p class="hint">The id of an order, bet, payment, click, node or request, or “order 17”</p>
        </div>
      </form>
      <ul>
        {found.map((one) => (
          <li key={one.kind}>
            <a class="button" href={hrefOf(one)} onClick={close}>
              Timeline of {one.kind} {one.id}
            </a>
          </li>
        ))}
      </ul>
    </aside>
  )
}
