import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { keep, readKept } from '../../dev/system/kept.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockstep-kept-'))
afterAll(() => rmSync(folder, { recursive: true }))
const record = join(folder, 'kept.json')
const source = join(folder, 'source.ts')
const result = join(folder, 'result.js')
const settings = { names: ['source.ts'], secret: 'a token of the shell' }

function make(meanwhile = () => {}): void {
  const began = Date.now()
  writeFileSync(result, 'made')
  meanwhile()
  keep(record, settings, { began, read: [source], written: [result], value: { bundle: result } })
}

beforeEach(async () => {
  rmSync(record, { force: true })
  writeFileSync(source, 'one')
  // The clock of the disk runs a few milliseconds behind, and the source must be older than what is made of it.
  const written = Date.now()
  await vi.waitUntil(() => Date.now() > written + 20, { interval: 5 })
})

it('keeps what was made while nothing differs', () => {
  expect(readKept(record, settings)).toBeNull()
  make()
  expect(readKept(record, settings)).toEqual({ bundle: result })
  writeFileSync(source, 'one')
  expect(readKept(record, settings)).toEqual({ bundle: result })
})

it.each<[string, () => void]>([
  ['a source changed', () => writeFileSync(source, 'two')],
  ['a source is gone', () => rmSync(source)],
  ['a result changed', () => writeFileSync(result, 'half')],
  ['a result is gone', () => rmSync(result)],
  ['the record is damaged', () => writeFileSync(record, '{"settings":')],
])('makes it anew when %s', (_, change) => {
  make()
  change()
  expect(readKept(record, settings)).toBeNull()
})

it('writes no setting into its record, and lets nobody else read it', () => {
  make()
  expect(readFileSync(record, 'utf8')).not.toContain(settings.secret)
  expect(statSync(record).mode & 0o777).toBe(0o600)
})

it('makes it anew when the settings differ', () => {
  make()
  expect(readKept(record, { ...settings, names: ['source.ts', 'new.ts'] })).toBeNull()
})

it.each<[string, () => void]>([
  ['changed', () => writeFileSync(source, 'two')],
  ['changed and changed back', () => writeFileSync(source, 'one')],
  ['disappeared', () => rmSync(source)],
])('keeps nothing when a source %s while it was read', (_, change) => {
  make()
  make(change)
  expect(readKept(record, settings)).toBeNull()
})
