/** How long a cache may reuse an answer, and how old the answer is already. For public reads only. */
export type Cacheable = { maxAgeSeconds: number; ageSeconds?: number }

const agePattern = /"ageSeconds":[\d.]+/g

/**
 * A copy that is already old stays valid for another `maxAgeSeconds`. HTTP subtracts Age from `max-age`, so we add it.
 * The tag is weak: equal tags mean equal content but for its age, which the header Age says anew each time.
 */
export async function freshnessOf(
  { maxAgeSeconds, ageSeconds = 0 }: Cacheable,
  text: string,
): Promise<[string, string][]> {
  const age = Math.max(0, Math.round(ageSeconds))
  const digest = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text.replaceAll(agePattern, ''))),
  )
  const tag = Array.from(digest.slice(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [
    ['cache-control', `public, max-age=${age + maxAgeSeconds}`],
    ['age', String(age)],
    ['etag', `W/"${tag}"`],
  ]
}
