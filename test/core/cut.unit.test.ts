import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cut } from '../../functions/core/cut.ts'

it('a cut text goes into a URL and into JSON, wherever the cut falls', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, length) => {
      const short = cut(text, length)
      expect(short.length).toBeLessThanOrEqual(length)
      expect(() => encodeURIComponent(short)).not.toThrow()
      expect(JSON.stringify(short)).not.toMatch(/\\ud[89a-f]/)
    }),
  )
  expect(cut('aa😀', 3)).toBe('aa\ufffd')
})
