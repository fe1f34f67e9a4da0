import * as z from 'zod'
import { id, shownInstant, timeZone } from '../../http/fields.ts'
import { notEmpty, text } from '../contract.ts'

const fields = { name: text(100), timezone: timeZone }

export const NewGreenhouse = z
  .strictObject({ ...fields, timezone: timeZone.default('UTC') })
  .meta({ id: 'NewGreenhouse' })
export type NewGreenhouse = z.infer<typeof NewGreenhouse>

export const GreenhouseChange = z
  .strictObject(fields)
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .meta({ id: 'GreenhouseChange' })
export type GreenhouseChange = z.infer<typeof GreenhouseChange>

const shown = {
  id,
  tenantId: id,
  name: z.string(),
  timezone: z.string(),
  version: z.int(),
  createdAt: shownInstant,
}

export const Greenhouse = z.strictObject(shown).meta({ id: 'Greenhouse' })
export type Greenhouse = z.infer<typeof Greenhouse>

export const ProvisionedGreenhouse = z
  .strictObject({
    ...shown,
    provisioningToken: z
      .string()
      .meta({ description: 'Nodes say hello with it. It is shown once; `provision` replaces it.' }),
  })
  .meta({ id: 'ProvisionedGreenhouse' })

/** With the generation from which the route signs the token. */
export type Provisioned = { greenhouse: Greenhouse; gen: number }
