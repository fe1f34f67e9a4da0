import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { kept } from '../../dev/system/kept.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockstep-kept-'))
afterAll(() => rmSync(folder, { recursive: true }))
const record = join(folder, 'kept.json')
const source = join(folder, 'source.ts')
const result = join(folder, 'result.js')
const settings = { names: ['source.ts'], secret: 'a token of the shell' }

let makes = 0
beforeEach(async () => {
  makes = 0
  rmSync(record, { force: true })
  writeFileSync(source, 'one')
  // The clock of the disk moves in steps of some milliseconds, and the source must be older than what is made of it.
  const written = statSync(source).ctimeMs
  await vi.waitUntil(
    () => {
      writeFileSync(result, 'none')
      return statSync(result).ctimeMs > written
    },
    { interval: 5 },
  )
})

function make(meanwhile = () => {}): Promise<string> {
  return kept(record, settings, () => {
    makes++
    meanwhile()
    writeFileSync(result, 'made')
    return { read: [source], written: [result], value: result }
  })
}

it('keeps what was made while nothing differs', async () => {
  expect(await make()).toBe(result)
  expect(await make()).toBe(result)
  writeFileSync(source, 'one')
  expect(await make()).toBe(result)
  expect(makes).toBe(1)
})

it.each<[string, () => void]>([
  ['a source changed', () => writeFileSync(source, 'two')],
  ['a source is gone', () => rmSync(source)],
  ['a result changed', () => writeFileSync(result, 'half')],
  ['a result is gone', () => rmSync(result)],
  ['the record is damaged', () => writeFileSync(record, '{"settings":')],
])('makes it anew when %s', async (_, change) => {
  await make()
  change()
  await make()
  expect(makes).toBe(2)
})

it('writes no setting into its record, and lets nobody else read it', async () => {
  await make()
  expect(readFileSync(record, 'utf8')).not.toContain(settings.secret)
  expect(statSync(record).mode & 0o777).toBe(0o600)
})

it('makes it anew when the settings differ', async () => {
  await make()
  await kept(record, { ...settings, names: ['source.ts', 'new.ts'] }, () => {
    makes++
    return { read: [], written: [], value: result }
  })
  expect(makes).toBe(2)
})

it.each<[string, () => void]>([
  ['changed', () => writeFileSync(source, 'two')],
  ['changed and changed back', () => writeFileSync(source, 'one')],
  ['disappeared', () => rmSync(source)],
])('keeps nothing when a source %s while it was read', async (_, change) => {
  await make(change)
  await make()
  expect(makes).toBe(2)
  expect(
    readdirSync(folder).filter((name) => !['kept.json', 'source.ts', 'result.js'].includes(name)),
  ).toEqual([])
})
