import { computed, effect } from '@preact/signals'
import { describe, expect, it } from 'vitest'
import { laidOver, mostWaiting } from '../../web/parts/laid.ts'

type Row = { id: number; state: string }
const row = (id: number, state = 'new'): Row => ({ id, state })
const given = () => laidOver<Row>(({ id }) => id)

describe('a live list', () => {
  it('draws the row that an event names, and none of the thousand others', () => {
    const laid = given()
    const rows = Array.from({ length: 1_000 }, (_, id) => row(id))
    const drawn: string[] = []
    for (const one of rows)
      effect(() => void drawn.push(`${one.id} ${computed(() => laid.now(one)).value.state}`))
    drawn.length = 0
    laid.take(row(7, 'assigned'), true)
    laid.take(row(2_000), false)
    expect(drawn).toEqual(['7 assigned'])
  })

  it('shows the states that came since a gap, and none from before it', () => {
    const laid = given()
    const [old, later, untouched] = [row(1), row(2), row(3)]
    for (const { id } of [old, later]) laid.take(row(id, 'before'), true)
    laid.gap()
    laid.take(row(2, 'since'), true)
    laid.mend()
    expect([old, later, untouched].map((one) => laid.now(one).state)).toEqual(['new', 'since', 'new'])
  })

  it('draws a row again when the list was read after a gap', () => {
    const laid = given()
    const states: string[] = []
    effect(() => void states.push(laid.now(row(1)).state))
    laid.take(row(1, 'before'), true)
    laid.gap()
    laid.mend()
    laid.take(row(1, 'after'), true)
    expect(states).toEqual(['new', 'before', 'new', 'after'])
  })

  it('keeps the rows waiting that are new since a gap', () => {
    const laid = given()
    laid.take(row(1), false)
    laid.take(row(2), false)
    laid.gap()
    laid.take(row(2, 'assigned'), false)
    laid.take(row(3), false)
    laid.mend()
    expect([...laid.waiting.value]).toEqual([2, 3])
  })

  it('keeps what it shows until there is an answer from after the gap', () => {
    const laid = given()
    laid.take(row(1, 'assigned'), true)
    laid.take(row(2), false)
    laid.mend()
    expect(laid.now(row(1)).state).toBe('assigned')
    expect(laid.waiting.value.size).toBe(1)
    laid.forget()
    expect(laid.now(row(1)).state).toBe('new')
    expect(laid.waiting.value.size).toBe(0)
  })

  it('does not grow with the rows that wait for days', () => {
    const laid = given()
    for (let id = 0; id < 2 * mostWaiting; id += 1) laid.take(row(id), false)
    expect(laid.waiting.value.size).toBe(mostWaiting)
  })
})
