import { useComputed } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Problem } from '../api.ts'
import { Badge } from './badge.tsx'
import { now } from './clock.ts'
import { onceSeen } from './once-seen.ts'
import type { Resource } from './resource.ts'
import { shownSource } from './shown-source.ts'
import { Ago } from './value.tsx'

/*
 * A panel shows one resource in one of five states: loading (its final size; a skeleton after 300 ms), empty (why, and the
 * command that would fill it), live, stale (a word and a hatch), error (with code, request id and retry). The last good
 * data stays below an error, greyed, with its age.
 *
 *   <Panel title="Close approaches" of={neo} size={3} empty={{ when: (d) => d.data.length === 0, why: '…' }}>
 *     {(data) => <Table … />}
 *   </Panel>
 */

export type Empty<T> = {
  when: (data: T) => boolean
  why: string
  /** Fills it: a command for the terminal. */
  command?: string
}

export type PanelSize = 1 | 2 | 3 | 4 | 5 | 'map'

type PanelOf<T> = {
  title: string
  of: Resource<T>
  /** Its rows of 40 px before data arrives, so that nothing moves afterwards. */
  size?: PanelSize
  empty?: Empty<T>
  /** Controls at the right of the title. */
  tools?: ComponentChildren
  /** When its newest source was read, if the answer says so; else when the answer was read. */
  asOf?: (data: T) => string | null
  /** Its answer says so, or a stream that carries it is away. */
  stale?: (data: T) => boolean
  /** It spans all columns. */
  wide?: boolean
  children: (data: T) => ComponentChildren
}

export function Panel<T>(props: PanelOf<T>) {
  const { title, of, size = 2, tools, wide = false } = props
  const data = of.data.value
  const problem = of.problem.value
  // Computed, so that a panel is rendered again when it becomes stale, and not each second.
  const age = useComputed(() => ageOf(props)).value
  const place = useRef<HTMLElement>(null)
  const isUnseen = of.seen?.value === false
  useEffect(() => {
    const { seen } = of
    if (seen === undefined || seen.value || place.current === null) return undefined
    return onceSeen(place.current, () => (seen.value = true))
  }, [of.seen, isUnseen])
  const state = problem ? 'error' : data !== null ? (age ? 'stale' : 'live') : isUnseen ? 'unseen' : 'loading'
  return (
    <section
      ref={place}
      class={`panel size-${size} ${state}${wide ? ' wide' : ''}`}
      aria-label={title}
      data-every={of.every}
      data-streamed={of.streamed}
      data-state={data !== null && state === 'live' && props.empty?.when(data) ? 'empty' : state}
    >
      <header>
        <h2>{title}</h2>
        {tools}
        <Freshness {...props} age={age} />
      </header>
      {problem && <Failure problem={problem} retry={of.reload} />}
      {data === null ? !problem && <Skeleton /> : <Body {...props} data={data} greyed={problem !== null} />}
    </section>
  )
}

function Body<T>({ data, empty, children, greyed }: PanelOf<T> & { data: T; greyed: boolean }) {
  if (empty?.when(data)) return <Nothing why={empty.why} command={empty.command} />
  return <div class={greyed ? 'body greyed' : 'body'}>{children(data)}</div>
}

function Freshness<T>({ title, of, asOf, age }: PanelOf<T> & { age: 'stale' | 'old' | null }) {
  const data = of.data.value
  if (data === null) return null
  return (
    <p class="fresh">
      {age && <Badge word={age} tone="warn" title="Older than its source should allow" />}
      <Ago iso={asOf?.(data) ?? of.readAt.value} />
      {!of.streamed && (
        <button
          type="button"
          class="source"
          title="Show the answer of the API"
          onClick={() => (shownSource.value = of.path)}
        >
          <span class="visually-hidden">Source of {title}</span>
          <span aria-hidden="true">{'{ }'}</span>
        </button>
      )}
    </p>
  )
}

/** Older than twice its rhythm is stale, five times is old. Two seconds are granted to the call itself. */
function ageOf<T>({ of, stale }: PanelOf<T>): 'stale' | 'old' | null {
  const data = of.data.value
  const readAt = of.readAt.value
  if (data === null || readAt === null) return null
  const rhythm = of.every === null ? null : of.every * 1_000
  const ms = now.value - readAt - 2_000
  if (rhythm !== null && ms > 5 * rhythm) return 'old'
  return stale?.(data) || (rhythm !== null && ms > 2 * rhythm) ? 'stale' : null
}

export function Failure({ problem, retry }: { problem: Problem; retry?: () => unknown }) {
  const { title, code, detail, requestId } = problem
  return (
    <div class="failure" role="status">
      <p>
        <Badge word={title} tone="bad" /> <code>{code}</code>
      </p>
      {detail !== title && <p>{detail}</p>}
      <p class="muted">
        {requestId !== null && (
          <>
            request <code>{requestId}</code>{' '}
          </>
        )}
        {retry && (
          <button type="button" onClick={() => void retry()}>
            Try again
          </button>
        )}
      </p>
    </div>
  )
}

export function Nothing({ why, command }: { why: string; command?: string | undefined }) {
  return (
    <div class="nothing">
      <p>{why}</p>
      {command !== undefined && <pre tabIndex={0}>{command}</pre>}
    </div>
  )
}

function Skeleton() {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">Loading</span>
    </div>
  )
}
