/*
 * Who may import whom. The first row whose pattern fits a file is the file's row; a file that fits none has no home.
 *
 *   <m>     one module, the same on both sides of a row; never `core` or `http`
 *   <verb>  any file of a module whose name is not reserved
 *   *       one name, ** any depth
 *   type x  only `import type`
 *   npm:x   a package; npm:x/** its sub-paths
 *   computed  an import whose name is made at run time, which nobody can check
 */

export type Row = {
  file: string
  may: string[]
  /** Decisions that could run on paper: neither clock nor random nor I/O, not even the global ones. */
  pure?: true
}

export const reservedNames = ['routes', 'contract', 'rules', 'events', 'decide', 'queue', 'object']

const declare = ['npm:drizzle-orm', 'npm:drizzle-orm/pg-core']
const core = ['functions/core/*.ts', 'schema/core.ts', ...declare, 'npm:zod']
const decide = ['functions/<m>/contract.ts', 'type schema/<m>.ts']
const behave = [
  'functions/core/*.ts',
  'functions/<m>/<verb>.ts',
  'functions/<m>/contract.ts',
  'functions/<m>/rules.ts',
  'functions/<m>/events.ts',
  'functions/<m>/decide.ts',
  'npm:drizzle-orm',
]
const adapt = ['functions/<m>/contract.ts', 'functions/<m>/<verb>.ts']
const compose = ['functions/**', 'cron/**', 'schema/**', 'npm:**', 'node:**', 'cloudflare:**']

export const importTable: Row[] = [
  { file: 'schema/columns.ts', may: declare },
  { file: 'schema/triggers.ts', may: declare },
  { file: 'schema/*.ts', may: [...declare, 'schema/columns.ts', 'schema/triggers.ts'] },

  { file: 'functions/core/db.ts', may: [...core, 'npm:@neondatabase/serverless'] },
  { file: 'functions/core/*.ts', may: core },
  {
    file: 'functions/http/*.ts',
    may: [
      'functions/http/*.ts',
      'functions/core/errors.ts',
      'functions/core/context.ts',
      'type functions/core/*.ts',
      'npm:hono',
      'npm:hono/**',
      'npm:@hono/zod-openapi',
      'npm:zod',
      'npm:jose',
    ],
  },

  { file: 'functions/<m>/contract.ts', may: ['npm:zod'] },
  { file: 'functions/<m>/rules.ts', may: decide, pure: true },
  { file: 'functions/<m>/events.ts', may: decide, pure: true },
  { file: 'functions/<m>/decide.ts', may: [...decide, 'functions/<m>/events.ts'], pure: true },
  {
    file: 'functions/<m>/routes.ts',
    may: [...adapt, 'functions/http/*.ts', 'npm:hono', 'npm:hono/**', 'npm:@hono/zod-openapi'],
  },
  { file: 'functions/<m>/queue.ts', may: [...adapt, 'functions/core/context.ts'] },
  { file: 'functions/<m>/object.ts', may: [...adapt, 'functions/core/context.ts', 'cloudflare:workers'] },
  { file: 'functions/ops/<verb>.ts', may: [...behave, 'schema/core.ts'] },
  { file: 'functions/<m>/<verb>.ts', may: [...behave, 'schema/<m>.ts'] },

  { file: 'functions/app.ts', may: compose },
  { file: 'functions/index.ts', may: compose },
  { file: 'cron/index.ts', may: compose },
  { file: 'cron/core.ts', may: ['functions/core/*.ts', 'functions/ops/<verb>.ts'] },
  { file: 'cron/<m>.ts', may: ['functions/core/*.ts', 'functions/<m>/<verb>.ts'] },

  { file: 'dev/**', may: ['dev/**', 'computed', ...compose] },
  { file: 'bench/**', may: ['**'] },
  { file: 'test/**', may: ['**'] },
  { file: '*.config.ts', may: ['**'] },
]
