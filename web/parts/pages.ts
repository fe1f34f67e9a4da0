import { useMemo } from 'preact/hooks'
import { ask, type Reply } from '../api.ts'
import { type Resource, useResource } from './resource.ts'

export type Paged<T> = { data: T[]; nextCursor: string | null }

/**
 * All rows of a keyset-paged path, up to `most` pages: for a chart, which needs its points at once. `nextCursor` says that
 * there are more.
 */
export function usePages<T>(
  path: string,
  { every = null, most = 4, ...when }: Rhythm = {},
): Resource<Paged<T>> {
  const read = useMemo(
    () => (request: Parameters<typeof ask>[1]) => pagesOf<T>(path, most, request),
    [path, most],
  )
  return useResource<Paged<T>>(path, { every, ...when, read })
}

type Rhythm = { every?: number | null; most?: number; wanted?: boolean; whenSeen?: boolean; same?: string }

async function pagesOf<T>(
  path: string,
  most: number,
  request: Parameters<typeof ask>[1],
): Promise<Reply<Paged<T>>> {
  const first = await ask<Paged<T>>(path, request)
  if (!first.ok || first.data === null) return first
  const rows = [...first.data.data]
  let next = first.data.nextCursor
  for (let pages = 1; next !== null && pages < most; pages += 1) {
    const more = await ask<Paged<T>>(
      `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`,
      {
        ...(request?.signal && { signal: request.signal }),
      },
    )
    if (!more.ok || more.data === null) return more
    rows.push(...more.data.data)
    next = more.data.nextCursor
  }
  return { ...first, data: { data: rows, nextCursor: next } }
}
