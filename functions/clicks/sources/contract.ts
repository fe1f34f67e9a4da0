import * as z from 'zod'
import { conversionStatuses, partStatuses } from '../../../schema/clicks/states.ts'
import { id, shownInstant } from '../../http/fields.ts'
import { Slug } from '../campaigns/contract.ts'
import { linkColumns, postbackFields } from '../contract.ts'

const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((value) => /[^\p{Z}\p{C}]/u.test(value), 'Must not be blank')

const parameter = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'Must be 1 to 64 letters, digits and _ . -')
  // A postback proves itself by these two.
  .refine((name) => name !== 'secret' && name !== 'sig', 'secret and sig have a meaning of their own')

const mappable = [...Object.keys(linkColumns), ...Object.keys(postbackFields)] as [string, ...string[]]

/** The links of offers carry their campaign and their offer in these two. */
function leavesOfferLinks(map: Partial<Record<string, string>>): boolean {
  return Object.keys(linkColumns).every((column) => !['c', 'o'].includes(map[column] ?? ''))
}

const network = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], 'Must be an address or a network')

const fields = {
  name: text(200),
  paramMap: z
    .partialRecord(z.enum(mappable), parameter)
    .refine(leavesOfferLinks, 'c and o have a meaning of their own')
    .meta({
      description: 'For a column of the click, or a field of a postback: the parameter that carries it',
      examples: [{ sub1: 's1', txid: 'transaction' }],
    }),
  statusMap: z.record(z.string().min(1).max(64), z.enum(conversionStatuses)).meta({
    description: 'The words of the network for the states of a conversion, in any case',
    examples: [{ ok: 'approved', trash: 'rejected' }],
  }),
  ipAllow: z
    .array(network)
    .max(100)
    .meta({
      description: 'Addresses from which postbacks are accepted; empty allows all',
      examples: [['192.0.2.0/24']],
    }),
  postbackTemplate: z
    .string()
    .min(1)
    .max(2_000)
    .nullable()
    .meta({
      description:
        'An https URL that is called when a conversion of its visitors changes. Macros: {clickid} {externalid} {type} {txid} {status} {payout} {currency} {campaign} {source} {sub1} to {sub5}',
      examples: ['https://net.example/postback?cid={externalid}&sum={payout}&st={status}'],
    }),
}

export const NewSource = z
  .strictObject({
    slug: Slug,
    ...fields,
    paramMap: fields.paramMap.default({}),
    statusMap: fields.statusMap.default({}),
    ipAllow: fields.ipAllow.default([]),
    postbackTemplate: fields.postbackTemplate.default(null),
  })
  .meta({ id: 'NewTrafficSource' })
export type NewSource = z.infer<typeof NewSource>

export const SourceChange = z
  .strictObject({ ...fields, status: z.enum(partStatuses) })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field')
  .meta({ id: 'TrafficSourceChange', description: 'The slug of a source stays as it is' })
export type SourceChange = z.infer<typeof SourceChange>

const source = {
  id,
  owner: z.string(),
  slug: z.string(),
  status: z.enum(partStatuses),
  ...fields,
  ipAllow: z.array(z.string()),
  paramMap: z.record(z.string(), z.string()),
  postbackTemplate: z.string().nullable(),
  oldSecretUntil: shownInstant
    .nullable()
    .meta({ description: 'Until then the previous secret is accepted as well' }),
  version: z.int(),
  createdAt: shownInstant,
  updatedAt: shownInstant,
}

export const Source = z.strictObject(source).meta({ id: 'TrafficSource' })
export type Source = z.infer<typeof Source>

export const SourceWithSecret = z
  .strictObject({
    ...source,
    postbackSecret: z.string().meta({ description: 'Shown only in this response' }),
  })
  .meta({ id: 'TrafficSourceWithSecret' })
export type SourceWithSecret = z.infer<typeof SourceWithSecret>

export const SourceRotation = z
  .strictObject({ overlapHours: z.int().min(0).max(168).default(24) })
  .default({ overlapHours: 24 })
  .meta({ id: 'TrafficSourceRotation' })
export type SourceRotation = z.infer<typeof SourceRotation>
