import { useComputed, useSignalEffect } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import type { FeedEvent } from './gathered.ts'
import { useGrown } from './grown.ts'
import { type Laid, laidOver, mostWaiting } from './laid.ts'
import type { PageOf } from './more.ts'
import { counted, number } from './numbers.ts'
import { type Empty, Failure, Panel, type PanelSize } from './panel.tsx'
import { useResource } from './resource.ts'
import { route, setQuery } from './route.ts'
import { useFeed } from './stream.ts'
import { type Column, Table } from './table.tsx'
import { Ago } from './value.tsx'

/*
 * A keyset-paged list with its filters in the address. It says how it is sorted and what it leaves out. With `live` a
 * changed row is replaced in its place, and new rows wait behind a button, so that nothing moves under the pointer.
 */

export type Filter = {
  /** The name of the query parameter. */
  name: string
  label: string
  options?: readonly { value: string; label: string }[]
}

type Live<T> = {
  path: string
  rowOf: (event: FeedEvent) => T | null
  fits: (row: T) => boolean
  /** The order of the list. A row that belongs below those that are shown comes with a further page. */
  compare: (a: T, b: T) => number
}

type ListOf<T> = {
  title: string
  path: string
  filters?: readonly Filter[]
  columns: readonly Column<T>[]
  rowKey: (row: T) => string | number
  href?: (row: T) => string
  /** `newest first` */
  sorted: string
  leavesOut?: string
  empty: Omit<Empty<unknown>, 'when'>
  every?: number | null
  live?: Live<T>
  tools?: ComponentChildren
  /** Smaller where few rows are usual. */
  size?: PanelSize
}

export function List<T>(props: ListOf<T>) {
  const {
    title,
    filters = [],
    columns,
    rowKey,
    href,
    sorted,
    leavesOut,
    empty,
    live,
    tools,
    size = 5,
  } = props
  const query = new URLSearchParams()
  for (const { name } of filters) {
    const value = route.value.query.get(name)
    if (value) query.set(name, value)
  }
  const filtered = query.size > 0
  const path = query.size > 0 ? `${props.path}${props.path.includes('?') ? '&' : '?'}${query}` : props.path
  const first = useResource<PageOf<T>>(path, { every: props.every ?? null, whenSeen: true })
  const list = useGrown(path, first, rowKey)
  const laid = useMemo(() => laidOver(rowKey), [])

  const feed = useFeed(live?.path ?? '', {
    events(burst) {
      const { rows = [], keys, next = null } = (first.data.value && list.of(first.data.value)) ?? {}
      const last = next === null ? undefined : rows.at(-1)
      for (const event of burst) {
        const row = live?.rowOf(event) ?? null
        if (row === null) continue
        const isShown = keys?.has(rowKey(row)) ?? false
        const isBelow = last !== undefined && (live?.compare(row, last) ?? 0) > 0
        if (isShown || (live?.fits(row) && !isBelow)) laid.take(row, isShown)
      }
    },
    anew: readAnew,
  })

  /** Events are missing. The list keeps what it shows until a newer answer has come. */
  function readAnew(): void {
    list.keep(laid.now)
    laid.gap()
    void first.reload()
  }

  // A read from before the gap was stopped by the one after it.
  useSignalEffect(() => {
    if (first.readAt.value === null) laid.forget()
    else laid.mend()
  })
  const isNothing = useComputed(() => laid.waiting.value.size === 0)

  function showNew(): void {
    list.restart()
    readAnew()
  }

  return (
    <Panel
      title={title}
      of={first}
      size={size}
      wide
      tools={
        <>
          {filters.length > 0 && <Filters filters={filters} />}
          {filters.length > 0 && <Matches of={first.data.value && list.of(first.data.value)} />}
          {tools}
        </>
      }
      stale={() => live !== undefined && feed.value === 'away'}
      empty={{
        ...empty,
        when: ({ data }) => data.length === 0 && isNothing.value,
        ...(filtered && { why: 'Nothing matches these filters.' }),
      }}
    >
      {(newest) => {
        const { rows, places, next, isOld, fresh, keys } = list.of(newest)
        return (
          <>
            <Waiting {...{ laid, keys, isOld }} fresh={fresh.map(rowKey)} show={showNew} />
            <Table
              caption={title}
              columns={columns}
              rows={rows}
              rowKey={rowKey}
              {...(href && { href })}
              pure
              now={laid.now}
              at={(_, index) => places[index] ?? ''}
            />
            {list.problem.value && <Failure problem={list.problem.value} />}
            <footer class="list-end">
              <p class="muted">
                {next === null ? `All ${number(rows.length)}` : `The first ${number(rows.length)}`}, {sorted}.
                {leavesOut && ` ${leavesOut}`} <ReadLater at={list.readAt} />
              </p>
              {next !== null && (
                <button type="button" disabled={list.busy.value} onClick={() => void list.grow()}>
                  Show more
                </button>
              )}
            </footer>
          </>
        )
      }}
    </Panel>
  )
}

/**
 * How many rows these filters leave. The API does not count rows, because it would have to read each. So the list shows
 * its own number, and says when there are more.
 */
function Matches({ of }: { of: { rows: readonly unknown[]; next: string | null } | null }) {
  if (of === null) return null
  const { length } = of.rows
  const rows = counted(length, 'row')
  return <p class="muted">{of.next === null ? rows : `more than ${rows}`}</p>
}

type WaitingOf<T> = {
  laid: Laid<T>
  keys: ReadonlySet<unknown>
  /** The keys of the rows of a newer first page. */
  fresh: readonly unknown[]
  isOld: boolean
  show: () => void
}

/** Counts by itself, so that a new row does not draw the list. */
function Waiting<T>({ laid, keys, fresh, isOld, show }: WaitingOf<T>) {
  const all = new Set([...laid.waiting.value, ...fresh])
  const isMany = laid.waiting.value.size >= mostWaiting
  const count = [...all].filter((key) => !keys.has(key)).length
  return <NewRows count={count} isMany={isMany} isOld={isOld} show={show} />
}

type NewRowsOf = { count: number; isMany?: boolean; isOld: boolean; show: () => void }

/** Reads the list from its top again. Until then nothing moves under the pointer. */
export function NewRows({ count, isMany = false, isOld, show }: NewRowsOf) {
  if (count === 0 && !isOld) return null
  return (
    <button type="button" class="new-rows" onClick={show}>
      {count > 0
        ? `Show ${isMany ? 'more than ' : ''}${number(count)} new`
        : 'This list may have changed: read it again'}
    </button>
  )
}

/** The first page is read again at its rhythm, the pages after it are not. */
export function ReadLater({ at }: { at: number | null }) {
  if (at === null) return null
  return (
    <>
      Its later pages were read <Ago iso={at} />.
    </>
  )
}

function Filters({ filters }: { filters: readonly Filter[] }) {
  return (
    <div class="filters">
      {filters.map(({ name, label, options }) => (
        <label key={name}>
          <span>{label}</span>
          {options ? (
            <select
              value={route.value.query.get(name) ?? ''}
              onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
            >
              <option value="">any</option>
              {options.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          ) : (
            <input
              value={route.value.query.get(name) ?? ''}
              onChange={(event) => setQuery({ [name]: event.currentTarget.value.trim() })}
            />
          )}
        </label>
      ))}
    </div>
  )
}
