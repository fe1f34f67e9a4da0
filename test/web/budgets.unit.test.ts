import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { buildWeb, importedBy, stylesheetOf } from '../../dev/system/web.ts'
import { atTheEnd } from '../support/at-the-end.ts'

const target = mkdtempSync(join(tmpdir(), 'lockstep-web-'))
atTheEnd(() => rmSync(target, { recursive: true }))
const { outputs } = buildWeb(target).metafile

const gzipped = (file: string) => gzipSync(readFileSync(join(target, file))).length / 1_000
const sizeOf = (paths: Iterable<string>) =>
  [...paths].reduce((sum, path) => sum + gzipped(`app/assets/${basename(path)}`), 0)
const outputOf = (entry: string) =>
  Object.keys(outputs).find((path) => outputs[path]?.entryPoint === entry) ?? ''
const main = outputOf('web/main.tsx')
/** A page is a file that main loads late. */
const pages = Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
  entryPoint?.match(/^web\/(?!parts\/)[\w-]+\/[\w-]+\.tsx$/) ? [[entryPoint, path] as const] : [],
)

describe('the size of', () => {
  it.each(pages)('%s is at most 90 kB of JavaScript, gzipped', (entry, path) => {
    const size = sizeOf(importedBy(outputs, [main, path]))
    console.log(`${entry}: ${size.toFixed(1)} kB gzipped`)
    expect(size).toBeLessThanOrEqual(90)
  })

  it('the first page is at most 60 kB', () => {
    const preloaded = [
      ...readFileSync(join(target, 'index.html'), 'utf8').matchAll(/modulepreload" href="([^"]+)"/g),
    ]
    const size = sizeOf([main, ...preloaded.map(([, path = '']) => path)])
    expect(preloaded.length).toBeGreaterThan(1)
    expect(size).toBeLessThanOrEqual(60)
  })

  it('the stylesheet is at most 12 kB, and of a shell at most 6 kB', () => {
    expect(sizeOf([stylesheetOf(outputs)])).toBeLessThanOrEqual(12)
    expect(gzipped('index.html')).toBeLessThanOrEqual(6)
    expect(gzipped('app/index.html')).toBeLessThanOrEqual(6)
  })
})

describe('the shells', () => {
  it('have no inline script and no inline style, which the policy would refuse', () => {
    for (const name of ['index.html', 'app/index.html'])
      expect(readFileSync(join(target, name), 'utf8')).not.toMatch(
        /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/,
      )
  })
})
