import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { number } from './numbers.ts'

type Few = {
  /** The rows that are shown. */
  of: <T>(rows: readonly T[]) => readonly T[]
  /** Below them: how many there are, and the button for all. `isCut`: the API has more than these. */
  end: (count: number, how?: { isCut: boolean }) => JSX.Element | null
}

/** A long list is opened by its reader, and on paper: all of its rows at once would hide what stands below it. */
export function useFew(most: number): Few {
  const isOpen = useSignal(false)
  const isPaper = useSignal(false)
  useEffect(() => {
    const print = () => (isPaper.value = true)
    const printed = () => (isPaper.value = false)
    addEventListener('beforeprint', print)
    addEventListener('afterprint', printed)
    return () => {
      removeEventListener('beforeprint', print)
      removeEventListener('afterprint', printed)
    }
  }, [])
  const isWhole = isOpen.value || isPaper.value
  return {
    of: (rows) => (isWhole ? rows : rows.slice(0, most)),
    end: (count, { isCut } = { isCut: false }) =>
      count <= most ? null : (
        <footer class="list-end">
          <p class="muted">{shownOf({ shown: isWhole ? count : most, count, isCut })}</p>
          <button type="button" aria-expanded={isWhole} onClick={() => (isOpen.value = !isOpen.value)}>
            {isWhole ? `Show ${number(most)}` : `Show ${isCut ? '' : 'all '}${number(count)}`}
          </button>
        </footer>
      ),
  }
}

function shownOf({ shown, count, isCut }: { shown: number; count: number; isCut: boolean }): string {
  if (isCut) return `The first ${number(shown)} of more than ${number(count)}.`
  return shown === count ? `All ${number(count)}.` : `The first ${number(shown)} of ${number(count)}.`
}
