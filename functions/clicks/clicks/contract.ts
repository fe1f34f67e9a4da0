import * as z from 'zod'

export const SlugPath = z.strictObject({
  slug: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/i, 'Must be 1 to 64 letters, digits and hyphens')
    .meta({ description: 'The slug of the campaign, in any case', examples: ['spring'] }),
})

export const ClickPath = z.strictObject({
  id: z.guid().meta({ description: 'The id of the click' }),
})
