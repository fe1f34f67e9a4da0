import { mustBe } from '../method.ts'

/** Follows a link as a visitor does, without going on to its destination. */
export async function follow(url: string): Promise<number> {
  const { status } = await led(url)
  mustBe(status, 302, 'the status of a redirect')
  return 1
}

/** The status of the answer to a visitor, and the destination that it names. */
export async function led(url: string): Promise<{ status: number; location: string | null }> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' },
  })
  await response.arrayBuffer()
  return { status: response.status, location: response.headers.get('location') }
}
