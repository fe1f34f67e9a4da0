import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvCell } from '../../functions/http/export.ts'

const read = (...cells: string[]): string[] => parse(`${cells.join(',')}\r\n`)[0] ?? []

describe('a cell of CSV', () => {
  it.each([
    '=1+1',
    '+1+1',
    '-1+1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    ' =1',
    '|cmd',
    '%0A',
    '＝1',
    '＋1',
    '－1',
    '＠x',
  ])('that a spreadsheet would run is text: %j', (formula) => {
    expect(read(csvCell(formula))).toEqual([`'${formula}`])
  })

  it.each(['-1.50', '+44', '12', 'a=b', 'a-b', '', 'https://a.example/?x=1'])(
    'that is harmless stays: %j',
    (text) => {
      expect(read('x', csvCell(text))).toEqual(['x', text])
    },
  )

  it('shows numbers, booleans and nothing as they are', () => {
    expect([-5, 0.5, true, null, undefined].map(csvCell)).toEqual(['-5', '0.5', 'true', '', ''])
  })

  it('is read back whole, whatever is in it, and begins no formula', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 4 }), (cells) => {
        const back = read(...cells.map(csvCell))
        expect(back.map((cell, at) => (cell === cells[at] ? cell : cell.slice(1)))).toEqual(cells)
        for (const cell of back) expect(/^[=@]|^[+-](?!\d+(\.\d+)?$)/.test(cell)).toBe(false)
      }),
    )
  })
})
