import type { Declared } from '../../schema/kit/declare.ts'

/**
 * The objects to drop and to create to come from one list to the other; drops run in the reverse order of creation.
 * An object with a new comment only gets its comment anew.
 */
export type DeclaredDiff = { dropped: Declared[]; created: Declared[] }

export function diffDeclared(before: Declared[], after: Declared[]): DeclaredDiff {
  const old = new Map(before.map((one) => [key(one), one]))
  const now = new Map(after.map((one) => [key(one), one]))
  const gone = before.filter((one) => {
    const successor = now.get(key(one))
    return successor === undefined || (successor.create !== one.create && !replacesItself(successor))
  })
  // A view that is made anew comes without the indexes, triggers and grants that stood on it.
  const bare = new Set(gone.filter(({ kind }) => kind === 'view').map(({ name }) => name))
  const created = after.flatMap((one) => {
    const was = old.get(key(one))
    if (was?.create !== one.create || (one.on !== undefined && bare.has(one.on))) return [one]
    return was.comment === one.comment ? [] : [{ ...one, create: '' }]
  })
  return { dropped: gone.toReversed(), created }
}

function key({ kind, name }: Declared): string {
  return `${kind} ${name}`
}

function replacesItself({ create }: Declared): boolean {
  return create.startsWith('create or replace')
}
