import { expect, it } from 'vitest'
import { worstOf } from '../../../web/ops/worst.ts'

const measured = [{ value: null }, { value: 3 }, { value: 9 }, { value: 1 }]

it('the worst value of a rule is the highest, or the lowest where low values are bad', () => {
  expect(worstOf(measured, { raise: 5, clear: 2 })).toEqual({ value: 9 })
  expect(worstOf(measured, { raise: 5, clear: 5 })).toEqual({ value: 9 })
  expect(worstOf(measured, { raise: 2, clear: 5 })).toEqual({ value: 1 })
})

it('the worst value of a rule is unknown only if each is', () => {
  expect(worstOf([{ value: null }, { value: -1 }], { raise: 1, clear: 0 })).toEqual({ value: -1 })
  expect(worstOf([{ value: null }, { value: null }], { raise: 1, clear: 0 })).toEqual({ value: null })
  expect(worstOf([], { raise: 1, clear: 0 })).toBeUndefined()
})
