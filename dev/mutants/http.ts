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
  ...mutantsOf('http: the sign-in of the dashboard', 'test/http/session.worker.test.ts', [
    [
      'functions/http/development.ts',
      'gives development tokens to a page of another origin',
      "const isOwnPage = c.req.header('origin') === origin && hasJsonType(c.req.raw)",
      'const isOwnPage = hasJsonType(c.req.raw)',
    ],
    [
      'functions/http/development.ts',
      'gives development tokens to a form of another site',
      "const isOwnPage = c.req.header('origin') === origin && hasJsonType(c.req.raw)",
      "const isOwnPage = c.req.header('origin') === origin",
    ],
    [
      'functions/http/development.ts',
      'gives development tokens under another host name',
      '!isLoopback(hostname) || !isOwnPage',
      '!isOwnPage',
    ],
    [
      'functions/http/development.ts',
      'gives development tokens without the proxy of npm start',
      'DEV_SIGN_IN !== undefined && NEON_PROXY !== undefined',
      'DEV_SIGN_IN !== undefined',
    ],
    [
      'functions/http/development.ts',
      'gives development tokens beside an identity provider',
      'return AUTH_SECRET !== undefined && DEV_SIGN_IN',
      'return DEV_SIGN_IN',
    ],
    [
      'functions/http/development.ts',
      'gives development tokens without the setting',
      'DEV_SIGN_IN !== undefined && NEON_PROXY',
      'NEON_PROXY',
    ],
    [
      'functions/http/session.ts',
      'gives a token of the provider without checking it',
      '        await authenticate(`Bearer ${token}`, env)\n',
      '',
      'test/http/code-flow.worker.test.ts',
    ],
    [
      'functions/http/session.ts',
      'exchanges a code of another address',
      "const redirectUri = new URL('/app', request.url).href",
      "const redirectUri = new URL('/', request.url).href",
      'test/http/code-flow.worker.test.ts',
    ],
    [
      'functions/http/session.ts',
      'offers a sign-in that does not exist',
      'const development = isDevelopment(env) &&',
      'const development = true ||',
    ],
    [
      'functions/http/session.ts',
      'gives a token of a device to a person',
      'z.enum(roles).exclude([...deviceRoles])',
      'z.enum(roles)',
    ],
  ]),
  ...mutantsOf('http: pages for people', 'test/http/manners.worker.test.ts', [
    [
      'functions/http/pages.ts',
      'sends a person to another host',
      "while (path[from] === '/') from++",
      "if (path[from] === '/') from++",
    ],
    [
      'functions/http/pages.ts',
      'answers an unknown path as if it existed',
      'shell && (isPage ? shell : new Response(shell.body, { status: 404, headers: shell.headers }))',
      'shell && (isPage ? shell : shell)',
    ],
    [
      'functions/http/pages.ts',
      'lets a cache give a page to a program',
      "  headers.append('vary', 'Accept')\n",
      '',
    ],
    [
      'functions/http/pages.ts',
      'answers a program with a page',
      "return formFor(accept, ['application/json', 'text/html']) === 'text/html'",
      'return accept !== null',
    ],
  ]),
]
