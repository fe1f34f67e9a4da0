import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Currency, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, encodeCursor, page } from '../../http/page.ts'
import { bookkeepers, UserPath } from '../contract.ts'
import {
  Account,
  AccountPath,
  At,
  Balance,
  BalanceThen,
  Because,
  Entry,
  NewestCursor,
  type Notice,
  StatementCursor,
  StatementRange,
} from './contract.ts'
import { listFunded } from './list-funded.ts'
import { noteAccount } from './note.ts'
import { readBalances } from './read-balances.ts'
import { readBalancesAt } from './read-balances-at.ts'
import { readNewest } from './read-newest.ts'
import { readStatement } from './read-statement.ts'
import { withExponent } from './show.ts'

const on = at('/v1/ledger/users/{userId}', 'ledger')
const all = at('/v1/ledger/accounts', 'ledger')

export const accountsEndpoints: Endpoint[] = [
  all.get(
    '',
    {
      summary: 'List the accounts with money available, by user',
      roles: bookkeepers,
      query: z.strictObject({ currency: Currency, ...PageQuery }),
      answers: { 200: Page(Account) },
    },
    async (ctx, { query: { currency, limit, cursor } }) => {
      const after = cursorOf(z.string(), cursor)
      const accounts = await listFunded(ctx, { currency, after, limit: limit + 1 })
      return ok(page(accounts, limit, ({ userId }) => userId))
    },
  ),
  on.get(
    '/balances',
    {
      summary: 'Read a user’s balances, one per currency',
      roles: bookkeepers,
      params: UserPath,
      answers: { 200: z.object({ data: z.array(Balance) }) },
    },
    async (ctx, { params }) => ok({ data: await readBalances(ctx, params.userId) }),
  ),
  on.get(
    '/balances/at',
    {
      summary: 'Read a user’s balances at a past time',
      description:
        'The balances include the events that were recorded by that time. With `basis=effective` they include the events that took effect by that time.',
      roles: bookkeepers,
      params: UserPath,
      query: At,
      answers: { 200: z.object({ data: z.array(BalanceThen) }) },
    },
    async (ctx, { params, query }) => ok({ data: await readBalancesAt(ctx, { ...params, ...query }) }),
  ),
  on.get(
    '/statement',
    {
      summary: 'List the entries of an account with the running balance',
      description: [
        'The newest entries come first; `order=asc` lists the oldest first. Both show all known entries. In ascending order',
        'a later page also shows an entry that was recorded late, among earlier ones, and repeats none.',
      ].join(' '),
      roles: bookkeepers,
      params: UserPath,
      query: z.strictObject({ ...StatementRange, ...PageQuery }),
      answers: { 200: Page(Entry) },
    },
    async (ctx, { params, query: { order, from = null, to = null, cursor, ...query } }) => {
      const asked = { ...params, ...query, from, to }
      const { entries, next } =
        order === 'asc'
          ? await readStatement(ctx, { ...asked, after: cursorOf(StatementCursor, cursor) })
          : await readNewest(ctx, { ...asked, before: cursorOf(NewestCursor, cursor) })
      return ok({ data: entries, nextCursor: next && encodeCursor(next) })
    },
  ),
  notice('allow-overdraft', 'Allow charge-backs to take an account below zero', bookkeepers),
  notice('forbid-overdraft', 'Forbid an account to go below zero', bookkeepers),
  notice('quarantine', 'Quarantine an account: its debits are refused', ['admin']),
  notice('clear', 'Lift the quarantine of an account and close its alerts', ['admin']),
]

function notice(kind: Notice, summary: string, roles: Endpoint['roles']): Endpoint {
  return on.post(
    `/balances/{currency}/${kind}`,
    {
      summary,
      roles,
      params: AccountPath,
      body: Because,
      answers: { 200: Balance },
      problems: ['not_found', 'conflict'],
    },
    async (ctx, { params, body }) =>
      ok(withExponent(orThrow(await noteAccount(ctx, { ...params, ...body, notice: kind })).value)),
  )
}
