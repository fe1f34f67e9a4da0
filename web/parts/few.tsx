import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { number } from './numbers.ts'

type Few = {
  /** The rows that are shown. */
  of: <T>(rows: readonly T[]) => readonly T[]
  /** Below them: how many there are, and the button for all. */
  end: (count: number) => JSX.Element | null
}

/** A long list is opened by its reader: all of its rows at once would hide what stands below it. */
export function useFew(most: number): Few {
  const isWhole = useSignal(false)
  return {
    of: (rows) => (isWhole.value ? rows : rows.slice(0, most)),
    end: (count) =>
      count <= most ? null : (
        <footer class="list-end">
          <p class="muted">
            {isWhole.value ? 'All' : `The first ${number(most)} of`} {number(count)}.
          </p>
          <button type="button" onClick={() => (isWhole.value = !isWhole.value)}>
            {isWhole.value ? `Show ${number(most)}` : `Show all ${number(count)}`}
          </button>
        </footer>
      ),
  }
}
