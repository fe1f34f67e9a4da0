import type { ComponentChildren, JSX } from 'preact'
import { useFew } from './few.tsx'
import { Panel, type PanelSize } from './panel.tsx'
import type { Resource } from './resource.ts'
import { type Column, Table } from './table.tsx'
import { Value } from './value.tsx'

/*
 * A panel whose answer is a list, as one table. A column of figures names its field and stands beside the place that it
 * came from; `why` of the answer says why there is nothing.
 *
 *   <TablePanel title="Routes" of={routes} none="No request was counted." rowKey={…}
 *     columns={[{ name: 'Route', cell: … }, { name: 'p95', field: 'p95Ms', as: Ms }]} />
 */

type Listed = { data: readonly unknown[]; asOf?: string | null; why?: string | null }
type RowOf<T extends Listed> = T['data'][number]

/** The members of a row that are numbers, and those of its members: `trips.max`. */
type NumberIn<R> = {
  [K in keyof R & string]: R[K] extends number | null
    ? K
    : NonNullable<R[K]> extends object
      ? `${K}.${keyof NonNullable<R[K]> & string}`
      : never
}[keyof R & string]

type Figure<R> = {
  name: string
  field: NumberIn<R>
  as?: (shown: { at: string; value: number | null }) => JSX.Element
}

type TablePanelOf<T extends Listed> = {
  title: string
  of: Resource<T>
  size?: PanelSize
  tools?: ComponentChildren
  /** Why the list is empty, and the command that would fill it. */
  none: string
  command?: string
  caption?: string
  columns: readonly (Column<RowOf<T>> | Figure<RowOf<T>>)[]
  rowKey: (row: RowOf<T>) => string | number
  href?: (row: RowOf<T>) => string
  /** Above the table. */
  children?: (answer: T) => ComponentChildren
}

export function TablePanel<T extends Listed>(props: TablePanelOf<T>) {
  const {
    title,
    of,
    size = 4,
    tools,
    none,
    command,
    caption = title,
    columns,
    rowKey,
    href,
    children,
  } = props
  const few = useFew(40)
  return (
    <Panel
      title={title}
      of={of}
      size={size}
      wide
      tools={tools}
      asOf={({ asOf }) => asOf ?? null}
      empty={{
        when: ({ data, why = null }) => data.length === 0 && why === null,
        why: none,
        ...(command !== undefined && { command }),
      }}
    >
      {(answer) => (
        <>
          {children?.(answer)}
          {answer.why && <p class="unknown">{answer.why}</p>}
          {answer.data.length > 0 && (
            <Table<RowOf<T>>
              caption={caption}
              rows={few.of(answer.data)}
              rowKey={rowKey}
              {...(href && { href })}
              columns={columns.map((column) =>
                'field' in column ? figure(column, `${of.path}#data`) : column,
              )}
            />
          )}
          {few.end(answer.data.length)}
        </>
      )}
    </Panel>
  )
}

function figure<R>({ name, field, as: As = Value }: Figure<R>, at: string): Column<R> {
  return {
    name,
    numeric: true,
    cell: (row, index) => <As at={`${at}.${index}.${field}`} value={numberIn(row, field)} />,
  }
}

function numberIn(row: unknown, field: string): number | null {
  const value = field
    .split('.')
    .reduce((member: unknown, name) => (Object(member) as Record<string, unknown>)[name], row)
  return typeof value === 'number' ? value : null
}
