/** The network of an address: /24 of IPv4, /48 of IPv6. Null for a text that is no address. */
export function prefixOf(address: string): string | null {
  const [, mapped = address] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  const [, a, b, c, d] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(mapped) ?? []
  if (a !== undefined) return [a, b, c, d].every((part) => Number(part) < 256) ? `${a}.${b}.${c}.0/24` : null
  if (!URL.canParse(`http://[${address}]`)) return null
  // The URL parser writes the address in its shortest form, where `::` stands for the missing zeros.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 3)
  return `${groups.join(':')}::/48`
}
