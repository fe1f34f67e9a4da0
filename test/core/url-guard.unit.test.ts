import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultOf, isPublic } from '../../functions/core/url-guard.ts'

const refused: Record<string, string[]> = {
  not_a_url: [
    '',
    'example.com',
    'https://',
    'https://exa mple.com',
    'https://1.2.3.4.5.6',
    'https://[::1',
    'https://256.1.1.1',
  ],
  not_https: [
    'http://example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
  ],
  has_credentials: ['https://user@example.com', 'https://user:pass@example.com', 'https://:pass@example.com'],
  not_public_name: [
    'https://localhost',
    'https://localhost.',
    'https://LOCALHOST:8443/hook',
    'https://app.localhost',
    'https://intranet',
    'https://printer.local',
    'https://metadata.google.internal/computeMetadata',
    'https://router.home.arpa',
    'https://1.0.0.127.in-addr.arpa',
  ],
  private_address: [
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://0x7f000001',
    'https://0x7f.0.0.1',
    'https://0177.0.0.1',
    'https://017700000001',
    'https://0300.0250.1',
    'https://127.0.0.1.',
    'https://１２７.０.０.１',
    'https://127。0。0。1',
    'https://0',
    'https://0.0.0.0',
    'https://10.1.2.3',
    'https://100.64.0.1',
    'https://169.254.169.254/latest/meta-data',
    'https://2852039166',
    'https://172.31.255.255',
    'https://192.168.0.1',
    'https://192.0.2.1',
    'https://198.18.0.1',
    'https://198.51.100.7',
    'https://203.0.113.9',
    'https://224.0.0.1',
    'https://255.255.255.255',
    'https://[::]',
    'https://[::1]',
    'https://[0:0:0:0:0:0:0:1]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:7f00:1]',
    'https://[0:0:0:0:0:ffff:7f00:0001]',
    'https://[::127.0.0.1]',
    'https://[64:ff9b::7f00:1]',
    'https://[2002:7f00:1::]',
    'https://[2001:0:7f00:1::]',
    'https://[2001:db8::1]',
    'https://[3fff::1]',
    'https://[fe80::1]',
    'https://[fc00::1]',
    'https://[fd12:3456::1]',
    'https://[ff02::1]',
  ],
}

const passed = [
  'https://example.com/hook?x=1',
  'https://example.com:8443',
  'https://sub.example.co.uk.',
  'https://xn--bcher-kva.example.com',
  'https://1.1.1.1',
  'https://172.15.255.255',
  'https://172.32.0.1',
  'https://100.128.0.1',
  'https://[2606:4700:4700::1111]',
]

describe('a target', () => {
  it.each(Object.entries(refused).flatMap(([fault, urls]) => urls.map((url) => [url, fault])))(
    '%s is refused as %s',
    (url, fault) => expect(faultOf(url, [])).toBe(fault),
  )

  it.each(passed)('%s passes', (url) => expect(faultOf(url, [])).toBeNull())

  it('passes whatever it is when its origin is allowed, and its neighbour does not', () => {
    const allowed = ['http://127.0.0.1:9000']
    expect(faultOf('http://127.0.0.1:9000/hook', allowed)).toBeNull()
    expect(faultOf('http://2130706433:9000/hook', allowed)).toBeNull()
    expect(faultOf('http://127.0.0.1:9001/hook', allowed)).toBe('not_https')
  })
})

describe('a private IPv4 address', () => {
  const privateV4 = fc
    .tuple(fc.constantFrom(10, 127, 0, 224, 240, 255), fc.nat(255), fc.nat(255), fc.nat(255))
    .map((parts) => parts.reduce((number, part) => number * 256 + part, 0))

  it('is refused in every spelling that URL understands', () => {
    fc.assert(
      fc.property(privateV4, (number) => {
        const [a, b, c, d] = [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255]
        const octal = (part: number) => `0${part.toString(8)}`
        const hex = (part: number) => `0x${part.toString(16)}`
        const spellings = [
          `${a}.${b}.${c}.${d}`,
          String(number),
          hex(number),
          octal(number),
          `${a}.${number & 0xffffff}`,
          `${octal(a)}.${hex(b)}.${number & 0xffff}`,
          [a, b, c, d].map(octal).join('.'),
          [a, b, c, d].map(hex).join('.'),
          `[::ffff:${a}.${b}.${c}.${d}]`,
          `[::ffff:${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}]`,
        ]
        expect(spellings.filter((host) => faultOf(`https://${host}/`, []) === null)).toEqual([])
      }),
    )
  })
})

describe('an address that a resolver gave', () => {
  it.each([
    '::ffff:10.0.0.1',
    '::1',
    'fe80::1%eth0',
    'not an address',
    '',
    '1.2.3',
    '1:2:3',
    '::g',
    '1::2::3',
  ])('%j is not public', (address) => expect(isPublic(address)).toBe(false))

  it.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946', '2a00:1450::93.184.216.34'])(
    '%j is public',
    (address) => expect(isPublic(address)).toBe(true),
  )
})
