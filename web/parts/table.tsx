import type { ComponentChildren } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import { isForPage } from './keys.ts'
import { go } from './route.ts'

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
}

export function Table<T>({
  caption,
  columns,
  rows,
  rowKey,
  href,
  at: placeOf = () => '',
  pure = false,
}: TableOf<T>) {
  const body = useRef<HTMLTableSectionElement>(null)
  return (
    <table>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ name, numeric }) => (
            <th key={name} scope="col" class={numeric ? 'numeric' : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body} onKeyDown={(event) => move(event, body.current)}>
        {rows.map((row, index) => (
          <Row
            key={rowKey(row)}
            of={pure ? [row, index, placeOf(row, index)] : null}
            href={href?.(row) ?? null}
            cells={() =>
              columns.map(({ name, numeric = false, cell }) => ({
                name,
                numeric,
                shown: cell(row, index, placeOf(row, index)),
              }))
            }
          />
        ))}
      </tbody>
    </table>
  )
}

type Cell = { name: string; numeric: boolean; shown: ComponentChildren }
type RowOf = { of: readonly unknown[] | null; href: string | null; cells: () => readonly Cell[] }

/** `of` says on what the cells depend; then they are made again only when that changes. */
function Row({ of, href, cells }: RowOf) {
  return useMemo(
    () => (
      <tr
        onClick={
          href === null ? undefined : (event) => event.target instanceof HTMLTableCellElement && go(href)
        }
        class={href === null ? undefined : 'opens'}
      >
        {cells().map(({ name, numeric, shown }, at) => (
          <td key={name} data-label={name} class={numeric ? 'numeric' : undefined}>
            {at === 0 && href !== null ? <a href={href}>{shown}</a> : shown}
          </td>
        ))}
      </tr>
    ),
    of === null ? [{}] : [...of, href],
  )
}

function move(event: KeyboardEvent, body: HTMLElement | null): void {
  const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0
  if (step === 0 || !isForPage(event)) return
  const links = [...(body?.querySelectorAll<HTMLElement>('td:first-child a') ?? [])]
  const at = links.indexOf(document.activeElement as HTMLElement)
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus()
  event.preventDefault()
}
