import { describe, expect, it } from 'vitest'
import { statementNames } from '../../dev/check/statement-names.ts'
import { planted } from './planted.ts'

function found(files: Record<string, string>): string[] {
  return statementNames(planted(files)).map(({ where, what }) => `${where} ${what}`)
}

describe('the names of statements', () => {
  it.each([
    ['a tagged statement', 'const s = named(`shop.sell`)`\nselect 1`'],
    ['a hot statement', "const s = hot('shop.sell', statement)"],
    ['a name that a primitive takes', "changeVersion(ctx, { verb: 'shop.sell' })"],
  ])('are found twice: %s', (_, second) => {
    const files = { 'functions/shop/a.ts': 'named(`shop.sell`)`select 1`', 'functions/shop/b.ts': second }
    expect(found(files)).toEqual([
      'functions/shop/b.ts:1 has the name shop.sell of the statement in functions/shop/a.ts:1',
    ])
  })

  it.each(["named('bank.sell')`select 1`", "named('sell')`select 1`", "named('shop.Sell it')`select 1`"])(
    'begin with the row of their file: %s does not',
    (text) => {
      expect(found({ 'functions/shop/sell.ts': text })).toHaveLength(1)
    },
  )

  it('may be put together behind their row', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a template
    expect(found({ 'functions/shop/sell.ts': 'hot(`shop.${type}`, statement)' })).toEqual([])
  })
})
