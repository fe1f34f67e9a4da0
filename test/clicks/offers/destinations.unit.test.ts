import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { macros } from '../../../functions/clicks/contract.ts'
import { destinationFault } from '../../../functions/clicks/offers/destination-fault.ts'
import { fillMacros } from '../../../functions/clicks/offers/fill.ts'
import { passQuery } from '../../../functions/clicks/offers/pass-query.ts'

describe('the macros of a destination', () => {
  it.each([
    ['&url=evil#1', '%26url%3Devil%231'],
    ['ü', '%C3%BC'],
    ['a b', 'a%20b'],
    ["it's (a) *!", 'it%27s%20%28a%29%20%2A%21'],
    [null, ''],
  ])('sub1 %j becomes %j', (sub1, encoded) => {
    expect(fillMacros('https://shop.example/?s={sub1}#x', { sub1 })).toBe(
      `https://shop.example/?s=${encoded}#x`,
    )
  })

  it('leave every other byte as it is', () => {
    for (const url of [
      'https://a.example/?abc#x',
      'https://a.example/?u=%2Fa%2520b',
      'HTTPS://A.example:443/../b//?&&=',
    ])
      expect(fillMacros(url, { sub1: 'x' })).toBe(url)
  })

  it('are not read a second time in a value', () => {
    expect(fillMacros('https://a.example/{sub1}', { sub1: '{clickid}', clickid: 'id' })).toBe(
      'https://a.example/%7Bclickid%7D',
    )
  })

  it('can never change the host, whatever the values are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('/', '?', '#', '/p?q='), (value, border) => {
        const url = `https://shop.example${border}{sub1}`
        expect(destinationFault(url)).toBeNull()
        const filled = new URL(fillMacros(url, { sub1: value.toWellFormed() }))
        expect(filled.origin).toBe('https://shop.example')
      }),
    )
  })
})

describe('a destination', () => {
  it.each([
    'javascript:alert(1)',
    '//shop.example/',
    'ftp://shop.example/',
    'https://{sub1}.example/',
    'https://shop.example{sub1}/',
    '{sub1}://shop.example/',
    'https://user@shop.example/',
    'https:///path',
    'https://shop.example:99999/',
    'https://shop.example/ a',
    'https://shop.example/ü',
    'https://shop.example/\r\nSet-Cookie: a=b',
    'https://shop.example/{sub6}',
    'https://shop.example/{}',
    'https://shop.example\\@evil.example/',
  ])('%j is refused with a reason', (url) => {
    expect(destinationFault(url)).toMatch(/\w+/)
  })

  it('has at most 2000 characters', () => {
    const url = `https://shop.example/${'a'.repeat(1_979)}`
    expect([destinationFault(url), destinationFault(`${url}a`)]).toEqual([
      null,
      expect.stringContaining('2000'),
    ])
  })

  it('may have each macro behind the host', () => {
    expect(
      destinationFault(`https://shop.example/?${macros.map((one) => `${one}={${one}}`).join('&')}`),
    ).toBeNull()
  })
})

describe('the query that is passed on', () => {
  const none = new Set<string>()

  it('is appended before the fragment, without those names that the destination has', () => {
    expect(passQuery('https://a.example/?a=9#f', '?a=1&a=2&b=', none)).toBe('https://a.example/?a=9&b=#f')
  })

  it.each([
    ['https://a.example/', '?x=1', 'https://a.example/?x=1'],
    ['https://a.example/?', '?x=1', 'https://a.example/?x=1'],
    ['https://a.example/?y=2&', '?x=1&x=2', 'https://a.example/?y=2&x=1&x=2'],
    ['https://a.example/#a?b', '?x=%2Fa%2520b', 'https://a.example/?x=%2Fa%2520b#a?b'],
    ['https://a.example/?x%20y', '?x+y=1&%zz=2', 'https://a.example/?x%20y&%zz=2'],
    ['https://a.example/', '', 'https://a.example/'],
    ['https://a.example/', '?&&', 'https://a.example/'],
  ])('%s with %s is %s', (destination, search, sent) => {
    expect(passQuery(destination, search, none)).toBe(sent)
  })

  it('lacks the parameters that a column of the click takes', () => {
    expect(passQuery('https://a.example/', '?s1=a&x=b&sub2=c', new Set(['s1', 'sub2']))).toBe(
      'https://a.example/?x=b',
    )
  })
})
