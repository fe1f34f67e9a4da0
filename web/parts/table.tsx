import { computed } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import { isForPage } from './keys.ts'
import { go } from './route.ts'
import { useShares } from './use-shares.ts'

/*
 * A real table. On a narrow screen each row becomes label and value. With `href` the first cell of a row is a link, and
 * `j`, `k` and Enter move through the rows. `children` of a column render one cell from one row.
 */

export type Column<T> = {
  name: string
  /** Numbers stand at the right, under each other. */
  numeric?: boolean
  /** `at` is the place of the row in its answer, if the table has `at`. */
  cell: (row: T, index: number, at: string) => ComponentChildren
}

type TableOf<T> = {
  caption: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  rowKey: (row: T) => string | number
  href?: (row: T) => string
  /** The place of a row in the answer of the API: `/v1/ledger/bets#data.3`. */
  at?: (row: T, index: number) => string
  /** Its cells show nothing but their row, so only rows that change are drawn again. */
  pure?: boolean
  /** The newest state of a row, from signals: when they change, the row draws itself. */
  now?: (row: T) => T
}

export function Table<T>({ caption, rows, rowKey, at = () => '', ...of }: TableOf<T>) {
  const table = useRef<HTMLTableElement>(null)
  useShares(table, rows.length, of.columns.length)
  return (
    <table ref={table}>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {of.columns.map(({ name, numeric }) => (
            <th key={name} scope="col" class={numeric ? 'numeric' : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody onKeyDown={move}>
        {rows.map((row, index) => (
          <Row key={rowKey(row)} {...of} row={row} index={index} at={at(row, index)} />
        ))}
      </tbody>
    </table>
  )
}

type RowOf<T> = Pick<TableOf<T>, 'columns' | 'href' | 'pure' | 'now'> & { row: T; index: number; at: string }

function Row<T>({
  columns,
  href: hrefOf,
  pure = false,
  now = (same) => same,
  row: known,
  index,
  at,
}: RowOf<T>) {
  const row = useMemo(() => computed(() => now(known)), [known]).value
  const href = hrefOf?.(row)
  return useMemo(
    () => (
      <tr
        onClick={
          href === undefined ? undefined : (event) => event.target instanceof HTMLTableCellElement && go(href)
        }
        class={href === undefined ? undefined : 'opens'}
      >
        {columns.map(({ name, numeric = false, cell }, place) => (
          <td key={name} data-label={name} class={numeric ? 'numeric' : undefined}>
            {place === 0 && href !== undefined ? (
              <a href={href}>{cell(row, index, at)}</a>
            ) : (
              cell(row, index, at)
            )}
          </td>
        ))}
      </tr>
    ),
    pure ? [row, index, at, href] : [{}],
  )
}

function move(event: KeyboardEvent & { currentTarget: Element }): void {
  const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0
  if (step === 0 || !isForPage(event)) return
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('td:first-child a')]
  const at = links.indexOf(document.activeElement as HTMLElement)
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus()
  event.preventDefault()
}
