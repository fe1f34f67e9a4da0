import { macros } from '../contract.ts'

/**
 * Why visitors cannot be sent to this URL, or null. The URL is kept and sent byte for byte, so it must be ASCII. A macro in
 * the scheme or the authority would let a link choose the site.
 */
export function destinationFault(url: string, known: readonly string[] = macros): string | null {
  if (url.length > 2_000) return 'A destination has at most 2000 characters'
  if (!/^[!-[\]-~]+$/.test(url))
    return 'A destination is percent-encoded ASCII, without spaces and backslashes'
  const [, authority] = /^https?:\/\/([^/?#\\]+)/i.exec(url) ?? []
  if (authority === undefined) return 'A destination begins with http:// or https:// and a host'
  if (/[{}]/.test(authority)) return 'A macro may stand behind the host only'
  if (authority.includes('@')) return 'A destination carries no user name'
  if (!URL.canParse(url.replaceAll(/[{}]/g, ''))) return 'A destination is a URL'
  const unknown = [...url.matchAll(/\{([^{}]*)\}/g)]
    .map(([, name = '']) => name)
    .filter((name) => !known.includes(name))
  if (unknown.length > 0) return `Unknown macro {${unknown[0]}}: the macros are ${known.join(', ')}`
  return null
}
