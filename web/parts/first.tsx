import { number } from './numbers.ts'

/** Says that a list has more rows than are shown. `of`: how many there are, if that is known. */
export function First({ shown, of, what }: { shown: number; of: number | null; what: string }) {
  if (of !== null && of <= shown) return null
  return (
    <p class="muted">
      {of === null
        ? `The first ${number(shown)} ${what}: there are more.`
        : `The first ${number(shown)} of ${number(of)} ${what}.`}
    </p>
  )
}

/** How many rows a list has: as many as were read, unless a further page exists. */
export const countOf = ({ data, nextCursor }: { data: readonly unknown[]; nextCursor: string | null }) =>
  nextCursor === null ? data.length : null
