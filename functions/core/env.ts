import { z } from 'zod'

/** What the Worker is configured with, checked once per isolate. Secrets come from `wrangler secret put`. */
const Env = z
  .object({
    DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// connection string'),
    DATABASE_URL_REPLICAS: z
      .string()
      .default('')
      .transform((list) => list.split(',').map((url) => url.trim()))
      .transform((urls) => urls.filter((url) => url !== '')),
    NEON_PROXY: z.string().optional(),
    AUTH_SECRET: z.string().min(32, 'must be at least 32 characters').optional(),
    AUTH_JWKS_URL: z.url().optional(),
    AUTH_ISSUER: z.string().default('lockstep'),
    CORS_ORIGINS: z
      .string()
      .default('')
      .transform((list) => list.split(',').filter((origin) => origin !== '')),
    /** Where all outside services are simulated, each below its name; absent: the real ones are asked. */
    UPSTREAMS_URL: z.url().optional(),
    NASA_API_KEY: z.string().min(1).default('DEMO_KEY'),
    RATE_READ: z.custom<RateLimit>((value) => value !== undefined, 'the RATE_READ binding is missing'),
    RATE_WRITE: z.custom<RateLimit>((value) => value !== undefined, 'the RATE_WRITE binding is missing'),
  })
  .refine((env) => (env.AUTH_SECRET === undefined) !== (env.AUTH_JWKS_URL === undefined), {
    message: 'set exactly one of AUTH_SECRET (development) and AUTH_JWKS_URL',
  })

export type Env = z.infer<typeof Env>

const parsed = new WeakMap<object, Env>()

/** Throws with the names of what is missing or malformed; a value never appears in the message. */
export function parseEnv(bindings: object): Env {
  const known = parsed.get(bindings)
  if (known) return known
  const result = Env.safeParse(bindings)
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'env'}: ${issue.message}`)
    throw new Error(`The Worker is misconfigured: ${faults.join('; ')}`)
  }
  parsed.set(bindings, result.data)
  return result.data
}
