import { useSignal } from '@preact/signals'
import type { Action } from './action.ts'

type ButtonOf = {
  /** Says the effect: "Replay these 12". */
  label: string
  action: Action<unknown>
  act: () => unknown
  disabled?: boolean
  main?: boolean
  /** It cannot be undone: a second press is needed. */
  final?: boolean
  /** How many things it changes. Above 100 the number must be typed. */
  count?: number
}

/** A button that takes or gives something. While its outcome is unknown it says so, and repeats the call by itself. */
export function ActButton({
  label,
  action,
  act,
  disabled = false,
  main = false,
  final = false,
  count = 1,
}: ButtonOf) {
  const asking = useSignal(false)
  const typed = useSignal('')
  const state = action.state.value
  const name =
    state === 'sending' ? 'Sending…' : state === 'unknown' ? 'Sent, outcome unknown: repeating…' : label
  if (asking.value && state === 'idle') {
    const isTyped = count <= 100 || typed.value === String(count)
    return (
      <span class="confirm">
        {count > 100 && (
          <label>
            Type {count}
            <input
              inputMode="numeric"
              value={typed}
              onInput={(event) => (typed.value = event.currentTarget.value)}
            />
          </label>
        )}
        <button
          type="button"
          class="bad"
          disabled={!isTyped}
          onClick={() => {
            asking.value = false
            void act()
          }}
        >
          {label}: this cannot be undone
        </button>
        <button type="button" onClick={() => (asking.value = false)}>
          Keep
        </button>
      </span>
    )
  }
  return (
    <button
      type="button"
      class={main ? 'main' : undefined}
      disabled={disabled || state !== 'idle'}
      aria-busy={state !== 'idle'}
      onClick={() => {
        if (final) asking.value = true
        else void act()
      }}
    >
      {name}
    </button>
  )
}
