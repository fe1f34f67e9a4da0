import { expect, it } from 'vitest'
import { rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'

const app = await unlimitedWorker()
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

it('lists currencies with their exponents', async () => {
  const { body } = await (await tenant()).get('/currencies')
  expect(rowsOf(body)).toContainEqual({ code: 'KWD', exponent: 3 })
})
