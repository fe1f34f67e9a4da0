import fc from 'fast-check'
import { expect, it } from 'vitest'
import { commandTags } from '../../dev/neon-proxy/command-tags.ts'

function message(type: string, body: string): Buffer {
  const bytes = Buffer.from(body, 'latin1')
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(bytes.length + 4, 1)
  return Buffer.concat([head, bytes])
}

it('finds the commands that completed, however the stream is cut into chunks', () => {
  const stream = Buffer.concat([
    message('T', 'columns'),
    message('D', 'C is also a letter, COMMIT a word'),
    message('C', 'SELECT 1\0'),
    message('Z', 'T'),
    message('C', 'COMMIT\0'),
    message('Z', 'I'),
  ])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 20 }), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
      const read = commandTags()
      const tags = edges.slice(1).flatMap((edge, i) => read(stream.subarray(edges[i], edge)))
      expect(tags).toEqual(['SELECT 1', 'COMMIT'])
    }),
  )
})
