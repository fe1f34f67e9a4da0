import { describe, expect, it } from 'vitest'
import { acceptedBet, balanceOf, bet, deposit, serverOf, unlimitedWorker } from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('charge-backs', () => {
  it('take an account below zero only if the account allows an overdraft', async () => {
    const server = await tenant()
    const id = await deposit(server, 1_000)
    await acceptedBet(server, { stakeMinor: 400 })
    expect((await server.post(`/payments/${id}/charge-back`)).body).toMatchObject({
      code: 'insufficient_funds',
      availableMinor: 600,
    })
    const allowed = await server.post('/users/u-1/balances/USD/allow-overdraft', { body: { reason: 'vip' } })
    expect(allowed).toMatchObject({ status: 200, body: { mayGoNegative: true } })
    expect((await server.post(`/payments/${id}/charge-back`)).body).toMatchObject({ status: 'charged_back' })
    expect(await balanceOf(server)).toEqual([0, 400, -400])
    expect((await server.post('/bets', { body: { ...bet, stakeMinor: 1 } })).body['code']).toBe(
      'insufficient_funds',
    )
    expect(
      (await server.post('/users/u-1/balances/USD/forbid-overdraft', { body: { reason: 'no more' } })).status,
    ).toBe(409)
    expect(
      (await server.post('/users/u-9/balances/USD/allow-overdraft', { body: { reason: 'x' } })).status,
    ).toBe(404)
  })
})

it('leaves a ledger in which every law holds', async () => {
  expect(await violations(admin)).toEqual([])
})
