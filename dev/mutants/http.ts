import { type Mutant, mutantsOf } from './mutant.ts'

export const httpMutants: readonly Mutant[] = [
  ...mutantsOf('http: a rate limit', 'test/http/limits.worker.test.ts', [
    ['functions/http/limits.ts', 'never refuses', '  if (!success)\n', '  if (false && !success)\n'],
    [
      'functions/http/limits.ts',
      'counts writes as reads',
      "kind === 'read' ? ctx.env.RATE_READ : ctx.env.RATE_WRITE",
      'ctx.env.RATE_READ',
    ],
    [
      'functions/http/mount.ts',
      'lets tokens be guessed',
      "      if (endpoint.rateLimited) await limitRate(ctx, 'write', address)\n",
      '',
    ],
    [
      'functions/http/mount.ts',
      'does not count',
      '  if (endpoint.rateLimited) await limitRate(ctx, rateClassOf(c.req.method), address)\n',
      '',
    ],
  ]),
]
