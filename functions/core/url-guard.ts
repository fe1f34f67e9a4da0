/**
 * The URL guard: it keeps customers from sending the Worker to private addresses (server-side request forgery).
 *
 * Guarantee: a URL passes only if it is https, has no credentials, and its host is a public address or can be a public
 * name. `URL` parses numbers first, so every spelling of an address (decimal, octal, hex, short, IPv4 inside IPv6) is
 * the same address. `faultNow` also resolves the name: each address must be public.
 * Its limit: a Worker cannot bind its connection to the address that was checked, because `fetch` resolves the name
 * again. Between the two only the platform protects: its fetch has no route to private networks.
 * The caller must check at each use and follow no redirect. Origins in `allowed` pass unchecked; they are for tests and
 * development.
 */
import * as z from 'zod'

export type UrlFault =
  | 'not_a_url'
  | 'not_https'
  | 'has_credentials'
  | 'not_public_name'
  | 'private_address'
  | 'unresolvable'

/** The fault of a URL as it is written; null when it has none. */
export function faultOf(text: string, allowed: readonly string[]): UrlFault | null {
  const url = URL.parse(text)
  if (url === null) return 'not_a_url'
  if (allowed.includes(url.origin)) return null
  if (url.protocol !== 'https:') return 'not_https'
  if (url.username !== '' || url.password !== '') return 'has_credentials'
  const host = hostOf(url)
  if (isAddress(host)) return isPublic(host) ? null : 'private_address'
  return isPublicName(host) ? null : 'not_public_name'
}

type Resolving = {
  allowed: readonly string[]
  /** A resolver that answers DNS over HTTPS as JSON; without one only the platform checks a name. */
  resolver: string | undefined
  signal: AbortSignal
}

/** The same at the moment of use, with the addresses to which the name resolves now. */
export async function faultNow(
  text: string,
  { allowed, resolver, signal }: Resolving,
): Promise<UrlFault | null> {
  const fault = faultOf(text, allowed)
  const url = new URL(text)
  if (fault !== null || resolver === undefined || allowed.includes(url.origin) || isAddress(hostOf(url)))
    return fault
  const addresses = await resolve(hostOf(url), resolver, signal)
  if (addresses.length === 0) return 'unresolvable'
  return addresses.every(isPublic) ? null : 'private_address'
}

const DnsAnswer = z.object({ Answer: z.array(z.object({ type: z.number(), data: z.string() })).optional() })
const addressTypes = { A: 1, AAAA: 28 } as const

async function resolve(host: string, resolver: string, signal: AbortSignal): Promise<string[]> {
  const found = Object.entries(addressTypes).map(async ([name, type]) => {
    const url = new URL(resolver)
    url.searchParams.set('name', host)
    url.searchParams.set('type', name)
    const response = await fetch(url, {
      headers: { accept: 'application/dns-json' },
      redirect: 'manual',
      signal,
    })
    const { Answer = [] } = DnsAnswer.parse(await response.json())
    return Answer.filter((answer) => answer.type === type).map(({ data }) => data)
  })
  return (await Promise.all(found)).flat()
}

/** `URL` writes an IPv6 host in brackets and keeps the dot at the end of a rooted name. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host)
}

/** RFC 6761 and 8375, and suffixes that private networks use. */
const privateSuffixes =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|arpa|test|invalid|onion)$/

function isPublicName(host: string): boolean {
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i.test(host) && !privateSuffixes.test(host)
}

export function isPublic(address: string): boolean {
  const v4 = parseV4(address)
  if (v4 !== null) return !privateV4.some(([network, bits]) => v4 >>> (32 - bits) === network >>> (32 - bits))
  const v6 = parseV6(address)
  return v6 !== null && isPublicV6(v6)
}

/** The IANA registry of special-purpose addresses, multicast and reserved ranges. */
const privateV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
].map(([network, bits]) => [parseV4(String(network)) ?? 0, Number(bits)] as const)

/** Only global unicast (2000::/3), without the parts for IPv4, documentation and protocols. */
function isPublicV6([first = 0, second = 0]: number[]): boolean {
  if (first >>> 13 !== 1) return false
  if (first === 0x2002) return false
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false
  return first !== 0x3fff || second > 0xfff
}

function parseV4(text: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return null
  return parts.reduce((number, part) => number * 256 + part, 0)
}

/** Eight groups. Resolvers may write the last two as an IPv4 address. */
function parseV6(text: string): number[] | null {
  const tail = /:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1]
  const v4 = tail === undefined ? null : parseV4(tail)
  if (tail !== undefined && v4 === null) return null
  const written =
    v4 === null
      ? text
      : `${text.slice(0, -String(tail).length)}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`
  const halves = written.split('::')
  if (halves.length > 2) return null
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const gap = 8 - head.length - rest.length
  if (halves.length === 1 ? gap !== 0 : gap < 1) return null
  const groups = [...head, ...Array.from({ length: gap }, () => '0'), ...rest]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  return groups.map((group) => Number.parseInt(group, 16))
}
