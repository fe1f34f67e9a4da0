import { mustBe } from '../method.ts'

/** Follows a link as a visitor does, without going on to its destination. */
export async function follow(url: string): Promise<number> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' },
  })
  await response.arrayBuffer()
  mustBe(response.status, 302, 'the status of a redirect')
  return 1
}
