import * as z from 'zod'

export const CurrencyInfo = z.strictObject({ code: z.string(), exponent: z.int() }).meta({ id: 'Currency' })
