import * as z from 'zod'
import { id } from '../http/fields.ts'

/** Fields and refinements that several nouns of this row share. */

export const lat = z.number().min(-90).max(90)
export const lng = z.number().min(-180).max(180)
export const boxes = z.int().min(1).max(200)
export const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((value) => /[^\p{Z}\p{C}]/u.test(value), 'Must not be blank')

/** For a refinement: both fields of the pair are given, or neither. */
export const both =
  <T extends Record<string, unknown>>(first: keyof T & string, second: keyof T & string) =>
  (value: T) =>
    ((value[first] ?? null) === null) === ((value[second] ?? null) === null)
export const orNeither = (first: string, second: string) => ({
  message: `Give both ${first} and ${second}, or neither`,
  path: [first],
})

/** For a refinement: a change names at least one field. */
export const notEmpty = (change: object) => Object.keys(change).length > 0

/** The position in a list that is sorted by id. */
export const IdCursor = z.tuple([id])

/** Why one item of a batch was refused. */
export const ItemProblem = z
  .looseObject({ code: z.string(), title: z.string(), detail: z.string() })
  .meta({ id: 'ItemProblem' })
