import { parseArgs } from 'node:util'
import { agents, countries, referrers } from '../seed/clicks/visitors.ts'
import { freshFetch } from '../system/fresh-fetch.ts'
import { isMain } from '../system/main-module.ts'
import { readRunning } from '../system/state.ts'

const usage = `usage: npm run -s clicks -- [--count <visitors>] [--slug <campaign>] [--at-once <visitors>]
  e.g. npm run -s clicks -- --count 1000`

type Visit = { status: number; to: string; ms: number }

/** Lets visitors of several countries and agents follow the links of a system, and answers where they were led. */
export async function sendVisitors(base: string, { count, slugs, atOnce }: Wanted): Promise<Visit[]> {
  const visits: Visit[] = []
  const waiting = Array.from({ length: count }, (_, at) => at).values()
  const visitor = async () => {
    for (const at of waiting) visits.push(await follow(base, at, slugs))
  }
  await Promise.all(Array.from({ length: atOnce }, visitor))
  return visits
}

async function follow(base: string, at: number, slugs: readonly string[]): Promise<Visit> {
  const [country, asn] = pick(countries)
  const slug = pick(slugs)
  const banner = `banner-${1 + (at % 4)}`
  const started = performance.now()
  const response = await freshFetch(`${base}/c/${slug}?s1=${banner}&sub1=${banner}`, {
    redirect: 'manual',
    method: Math.random() < 0.03 ? 'HEAD' : 'GET',
    headers: {
      'user-agent': pick(agents),
      'accept-language': country === 'DE' ? 'de-DE,de' : 'en',
      'cf-connecting-ip': `198.51.${Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 256)}`,
      'mf-cf-blob': JSON.stringify({ country: country ?? 'XX', asn: Math.random() < 0.05 ? 24940 : asn }),
      ...(pick(referrers) !== null && { referer: 'https://news.example/today' }),
    },
  })
  await response.body?.cancel()
  const location = response.headers.get('location')
  const to = location === null ? '' : ` ${slug} → ${location.replace(/[?#].*$/, '')}`
  return { status: response.status, to, ms: performance.now() - started }
}

function pick<T>(list: readonly T[]): T {
  const one = list[Math.floor(Math.random() ** 1.5 * list.length)]
  if (one === undefined) throw new Error('Nothing to pick from')
  return one
}

function report(visits: readonly Visit[], ms: number): void {
  console.log(`${visits.length} visitors in ${Math.round(ms)} ms:`)
  const kinds = Map.groupBy(visits, ({ status, to }) => `${status}${to}`)
  for (const [kind, those] of [...kinds].sort((a, b) => b[1].length - a[1].length))
    console.log(`${String(those.length).padStart(6)} × ${kind}`)
  const sorted = visits.map((visit) => visit.ms).toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1)
  console.log(
    `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms. See /v1/clicks/accounting for what became of the clicks.`,
  )
}

type Wanted = { count: number; slugs: string[]; atOnce: number }

export function readClicksArguments(args: string[]): Wanted {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args, options: { count: text, slug: text, 'at-once': text } })
  return {
    count: positive('--count', values.count ?? '1000'),
    slugs: values.slug === undefined ? ['demo-spring', 'demo-app', 'demo-tea'] : [values.slug],
    atOnce: positive('--at-once', values['at-once'] ?? '16'),
  }
}

function positive(option: string, given: string): number {
  const value = Number(given)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`${option} must be a whole number above 0, not ${given}`)
}

if (isMain(import.meta)) {
  try {
    const wanted = readClicksArguments(process.argv.slice(2))
    const running = readRunning()
    if (running === null) throw new Error('Nothing runs here: npm start, then this in a second terminal.')
    const started = performance.now()
    report(await sendVisitors(running.url, wanted), performance.now() - started)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = 1
  }
}
