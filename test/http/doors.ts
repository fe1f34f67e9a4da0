import type { Endpoint } from '../../functions/http/endpoint.ts'

/** `kinds` are tried on each endpoint, and `rest` on one behind each door. */
export type Cases<T> = { kinds: readonly T[]; rest: readonly T[] }

/** Endpoints of one module that read a request in the same way: the same code refuses for them. */
const doorOf = ({ tag, packed, lines, formFields, items, bareNumbers, bodyLimitBytes }: Endpoint) =>
  JSON.stringify([tag, packed, lines, formFields, items, bareNumbers, bodyLimitBytes])

/** Says which cases an endpoint of the group gets. */
export function casesFor(group: readonly Endpoint[]) {
  const firsts = new Map(group.toReversed().map((endpoint) => [doorOf(endpoint), endpoint]))
  return <T>(endpoint: Endpoint, { kinds, rest }: Cases<T>): readonly T[] =>
    firsts.get(doorOf(endpoint)) === endpoint ? [...kinds, ...rest] : kinds
}
