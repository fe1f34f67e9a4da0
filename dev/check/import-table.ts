/*
 * Who may import whom. The first row whose pattern fits a file is the file's row; a file that fits none has no home.
 *
 *   <m>      one module, the same on both sides of a row; never `core` or `http`
 *   <verb>   any file of a module whose name is not reserved
 *   {a,b}    either; * one name; ** any depth
 *   type x   only `import type`
 *   npm:x    a package
 *   computed an import whose name is made at run time, which nobody can check
 */

export type Row = {
  file: string
  may: string[]
  /** Decisions that could run on paper: neither clock nor random nor I/O, not even the global ones. */
  pure?: true
}

export const reservedNames = ['routes', 'contract', 'rules', 'events', 'decide', 'queue', 'object']

const declare = 'npm:drizzle-orm{,/pg-core}'
const onPaper = ['functions/<m>/contract.ts', 'type schema/<m>.ts']
const adapt = 'functions/<m>/{contract,<verb>}.ts'
const behaveIn = (m: string) => [
  'functions/core/*.ts',
  `functions/${m}/{contract,rules,events,decide,<verb>}.ts`,
  'npm:drizzle-orm',
]
const compose = ['{functions,cron,schema}/**', '{npm,node,cloudflare}:**']

export const importTable: Row[] = [
  {
    file: 'schema/{columns,triggers,incremental,materialized}.ts',
    may: ['schema/{columns,triggers}.ts', declare],
  },
  { file: 'schema/*.ts', may: ['schema/{columns,triggers,incremental,materialized}.ts', declare] },
  { file: 'schema/migrations/index.ts', may: [] },

  {
    file: 'functions/core/db.ts',
    may: ['functions/core/*.ts', 'schema/core.ts', declare, 'npm:{zod,@neondatabase/serverless}'],
  },
  { file: 'functions/core/*.ts', may: ['functions/core/*.ts', 'schema/core.ts', declare, 'npm:zod'] },
  {
    file: 'functions/http/*.ts',
    may: [
      'functions/http/*.ts',
      'functions/core/{context,errors,sqlstate,hub,stream}.ts',
      'type functions/core/*.ts',
      'npm:{hono,hono/**,zod,jose}',
    ],
  },

  { file: 'functions/<m>/contract.ts', may: ['npm:zod'] },
  { file: 'functions/<m>/rules.ts', may: onPaper, pure: true },
  { file: 'functions/<m>/events.ts', may: [...onPaper, 'npm:zod'], pure: true },
  { file: 'functions/<m>/decide.ts', may: [...onPaper, 'functions/<m>/events.ts'], pure: true },
  {
    file: 'functions/<m>/routes.ts',
    may: [
      adapt,
      'functions/http/*.ts',
      'functions/core/errors.ts',
      'type functions/core/*.ts',
      'npm:{hono,zod}',
    ],
  },
  { file: 'functions/<m>/queue.ts', may: [adapt, 'functions/core/context.ts'] },
  {
    file: 'functions/<m>/object.ts',
    may: [adapt, 'functions/core/context.ts', 'functions/http/stream.ts', 'cloudflare:workers'],
  },
  {
    file: 'functions/space/orbit.ts',
    may: ['functions/space/{rules,<verb>}.ts', 'npm:satellite.js'],
    pure: true,
  },
  {
    file: 'functions/ops/<verb>.ts',
    may: [...behaveIn('ops'), 'schema/core.ts', 'schema/migrations/index.ts', 'npm:croner'],
  },
  { file: 'functions/webhooks/<verb>.ts', may: [...behaveIn('webhooks'), 'schema/core.ts'] },
  { file: 'functions/<m>/<verb>.ts', may: [...behaveIn('<m>'), 'schema/<m>.ts'] },

  { file: '{functions/app,functions/index,cron/index}.ts', may: compose },
  { file: 'cron/core.ts', may: ['functions/core/*.ts', 'functions/ops/<verb>.ts'] },
  { file: 'cron/<m>.ts', may: ['functions/core/*.ts', 'functions/<m>/<verb>.ts'] },

  { file: 'dev/**', may: ['dev/**', 'computed', ...compose] },
  { file: 'bench/**', may: ['**'] },
  { file: 'test/**', may: ['**'] },
  { file: '*.config.ts', may: ['**'] },
]
