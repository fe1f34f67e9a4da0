import type { TestWorker } from '../../support/worker.ts'

export const agents = {
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  twitterbot: 'Twitterbot/1.0',
} as const

export type Visitor = {
  agent?: string
  address?: string
  country?: string
  asn?: number
  method?: 'GET' | 'HEAD'
  headers?: Record<string, string>
}

export type Led = { status: number; location: string | null; headers: Headers; trips: number }

/** Follows a link as a visitor from anywhere would, and stays where the redirect points. */
export async function visit(
  app: Pick<TestWorker, 'fetch'>,
  path: string,
  {
    agent = agents.chrome,
    address = '203.0.113.77',
    country = 'DE',
    asn = 3320,
    method = 'GET',
    headers = {},
  }: Visitor = {},
): Promise<Led> {
  const response = await app.fetch(path, {
    method,
    redirect: 'manual',
    headers: {
      'user-agent': agent,
      'cf-connecting-ip': address,
      'mf-cf-blob': JSON.stringify({ country, asn }),
      ...headers,
    },
  })
  await response.body?.cancel()
  return {
    status: response.status,
    location: response.headers.get('location'),
    headers: response.headers,
    trips: Number(response.headers.get('x-db-round-trips')),
  }
}
