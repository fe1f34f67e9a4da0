import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { go } from './route.ts'

/*
 * A real table. On a narrow screen each row becomes label and value. With `href` the first cell of a row is a link, and
 * `j`, `k` and Enter move through the rows. `children` of a column render one cell from one row.
 */

export type Column<T> = {
  name: string
  /** Numbers stand at the right, under each other. */
  numeric?: boolean
  cell: (row: T, index: number) => ComponentChildren
}

type TableOf<T> = {
  caption: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  rowKey: (row: T) => string | number
  href?: (row: T) => string
}

export function Table<T>({ caption, columns, rows, rowKey, href }: TableOf<T>) {
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
          <tr
            key={rowKey(row)}
            onClick={href && ((event) => event.target instanceof HTMLTableCellElement && go(href(row)))}
            class={href ? 'opens' : undefined}
          >
            {columns.map(({ name, numeric, cell }, at) => (
              <td key={name} data-label={name} class={numeric ? 'numeric' : undefined}>
                {at === 0 && href ? <a href={href(row)}>{cell(row, index)}</a> : cell(row, index)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function move(event: KeyboardEvent, body: HTMLElement | null): void {
  const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0
  if (step === 0 || event.target instanceof HTMLInputElement) return
  const links = [...(body?.querySelectorAll<HTMLElement>('td:first-child a') ?? [])]
  const at = links.indexOf(document.activeElement as HTMLElement)
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus()
  event.preventDefault()
}
