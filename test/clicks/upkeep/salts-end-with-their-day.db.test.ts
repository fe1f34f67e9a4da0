import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { visitorKey } from '../../../functions/clicks/clicks/visitor-key.ts'
import { makeSalts } from '../../../functions/clicks/upkeep/make-salts.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { freshEnvironment, times } from '../../core/environment.ts'
import { untilLasts } from '../../support/lasting.ts'

await untilLasts('day', 60)
const environment = await freshEnvironment()
const { admin } = environment.database

const contextAt = (now: Date): Ctx => ({ ...environment.ctx(), now: () => now })
const visitor = { address: '203.0.113.77', agent: 'Mozilla/5.0' }

async function salts(): Promise<{ day: string; salt: string }[]> {
  return (await admin.query('select day::text, salt from clicks.salts order by day')).rows
}

const dayOf = (at: Date) => at.toISOString().slice(0, 10)
const [today, tomorrow] = [new Date(), new Date(Date.now() + 86_400_000)]

/** The key as anybody computes it who has the salt. */
function keyBy(salt: string, address: string): string {
  const signed = createHmac('sha256', salt).update(`${address}\n${visitor.agent}`).digest()
  return signed.subarray(0, 16).toString('base64url')
}

describe('a visitor key', () => {
  it('is the same for one visitor on one day, and another one for each agent, address and day', async () => {
    const keys = await Promise.all([
      visitorKey(contextAt(today), visitor),
      visitorKey(contextAt(today), visitor),
      visitorKey(contextAt(today), { ...visitor, agent: 'Other' }),
      visitorKey(contextAt(today), { ...visitor, address: '203.0.113.78' }),
      visitorKey(contextAt(tomorrow), visitor),
    ])
    expect(keys.every((key) => /^[\w-]{22}$/.test(key ?? ''))).toBe(true)
    expect(keys[0]).toBe(keys[1])
    expect(new Set(keys).size).toBe(4)
  })

  it('is none on a day without a salt, so that the visitor is counted as unkeyed', async () => {
    expect(await visitorKey(contextAt(new Date(Date.now() + 40 * 86_400_000)), visitor)).toBeNull()
  })
})

describe('a salt', () => {
  it('is made once a day ahead by any number of runs, and each day has its own', async () => {
    await admin.query('truncate clicks.salts')
    await times(10, () => environment.ctx().db.query(makeSalts(environment.ctx())))
    const made = await salts()
    expect(made.map(({ day }) => day)).toEqual([dayOf(today), dayOf(tomorrow)])
    const [one = '', two = ''] = made.map(({ salt }) => salt)
    expect(one.slice(0, 20)).not.toBe(two.slice(0, 20))
    expect(Buffer.from(one, 'base64')).toHaveLength(32)
  })

  it('leaves Postgres when its day is over, because its owner can find the address of a key', async () => {
    await admin.query('truncate clicks.salts')
    await environment.ctx().db.query(makeSalts(environment.ctx()))
    const [{ salt } = { salt: '' }] = await salts()
    const key = keyBy(salt, visitor.address)
    const network = Array.from({ length: 256 }, (_, host) => `203.0.113.${host}`)
    // The negative control: with a kept salt a network has no secrets.
    expect(network.filter((address) => keyBy(salt, address) === key)).toEqual([visitor.address])

    // Both are as old as if they had been made two days ago.
    await admin.query('update clicks.salts set day = day - 2')
    await environment.ctx().db.query(makeSalts(environment.ctx()))
    const left = await salts()
    expect(left.map(({ day }) => day)).toEqual([dayOf(today), dayOf(tomorrow)])
    expect(left.flatMap((kept) => network.filter((address) => keyBy(kept.salt, address) === key))).toEqual([])
  })
})
