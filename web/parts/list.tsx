import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { ask } from '../api.ts'
import { number } from './numbers.ts'
import { type Empty, Failure, Panel } from './panel.tsx'
import { useResource } from './resource.ts'
import { route, setQuery } from './route.ts'
import { type FeedEvent, useFeed } from './stream.ts'
import { type Column, Table } from './table.tsx'

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
  live?: { path: string; rowOf: (event: FeedEvent) => T | null; fits: (row: T) => boolean }
  tools?: ComponentChildren
}

type PageOf<T> = { data: T[]; nextCursor: string | null }

export function List<T>(props: ListOf<T>) {
  const { title, filters = [], columns, rowKey, href, sorted, leavesOut, empty, live, tools } = props
  const query = new URLSearchParams()
  for (const { name } of filters) {
    const value = route.value.query.get(name)
    if (value) query.set(name, value)
  }
  const filtered = query.size > 0
  const path = query.size > 0 ? `${props.path}${props.path.includes('?') ? '&' : '?'}${query}` : props.path
  const first = useResource<PageOf<T>>(path, { every: props.every ?? null, whenSeen: true })
  const more = useSignal<{ of: string; rows: T[]; places: string[]; next: string | null } | null>(null)
  const problem = useSignal<Parameters<typeof Failure>[0]['problem'] | null>(null)
  const changed = useSignal<ReadonlyMap<string | number, T>>(new Map())
  const fresh = useSignal<readonly T[]>([])
  const later = more.value?.of === path ? more.value : null

  const feed = useFeed(live?.path ?? '', {
    event(event) {
      const row = live?.rowOf(event) ?? null
      if (row === null) return
      const key = rowKey(row)
      const listed = [...(first.data.value?.data ?? []), ...(later?.rows ?? [])]
      if (listed.some((one) => rowKey(one) === key)) changed.value = new Map(changed.value).set(key, row)
      else if (live?.fits(row)) fresh.value = [row, ...fresh.value.filter((one) => rowKey(one) !== key)]
    },
    anew: showNew,
  })

  function showNew(): void {
    fresh.value = []
    changed.value = new Map()
    more.value = null
    void first.reload()
  }

  async function showMore(cursor: string): Promise<void> {
    const at = `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`
    const reply = await ask<PageOf<T>>(at)
    problem.value = reply.ok ? null : reply.problem
    if (!reply.ok || reply.data === null) return
    more.value = {
      of: path,
      rows: [...(later?.rows ?? []), ...reply.data.data],
      places: [...(later?.places ?? []), ...reply.data.data.map((_, index) => `${at}#data.${index}`)],
      next: reply.data.nextCursor,
    }
  }

  return (
    <Panel
      title={title}
      of={first}
      size={5}
      wide
      tools={
        <>
          {filters.length > 0 && <Filters filters={filters} />}
          {tools}
        </>
      }
      stale={() => live !== undefined && feed.value === 'away'}
      empty={{
        ...empty,
        when: ({ data }) => data.length === 0 && fresh.value.length === 0,
        ...(filtered && { why: 'Nothing matches these filters.' }),
      }}
    >
      {({ data, nextCursor }) => {
        const rows = [...data, ...(later?.rows ?? [])].map((row) => changed.value.get(rowKey(row)) ?? row)
        const next = later ? later.next : nextCursor
        return (
          <>
            {fresh.value.length > 0 && (
              <button type="button" class="new-rows" onClick={showNew}>
                Show {number(fresh.value.length)} new
              </button>
            )}
            <Table
              caption={title}
              columns={columns}
              rows={rows}
              rowKey={rowKey}
              {...(href && { href })}
              pure
              at={(_, index) => later?.places[index - data.length] ?? `${path}#data.${index}`}
            />
            {problem.value && <Failure problem={problem.value} />}
            <footer class="list-end">
              <p class="muted">
                {next === null ? `All ${number(rows.length)}` : `The first ${number(rows.length)}`}, {sorted}.
                {leavesOut && ` ${leavesOut}`}
              </p>
              {next !== null && (
                <button type="button" onClick={() => void showMore(next)}>
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
