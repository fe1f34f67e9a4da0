/*
 * The table says which file may import which. The first row whose pattern fits a file is its row; every file needs one.
 *
 *   <m>      one module, the same on both sides of a row; never `core` or `http`
 *   <row>    the same, and `core` too
 *   <verb>   any file of a module whose name is not reserved
 *   {a,b}    either; * one name; ** any depth
 *   type x   only `import type`
 *   npm:x    a package
 *   computed an import whose name is computed at run time, which cannot be checked
 */

export type Row = {
  file: string
  may: string[]
  /** Pure decisions: no clock, no random numbers, no I/O, and none of the globals for them. */
  pure?: true
}

export const reservedNames = [
  'routes',
  'contract',
  'rules',
  'events',
  'decide',
  'feed',
  'hot',
  'queue',
  'module',
]

const declare = 'npm:drizzle-orm{,/pg-core}'
const states = 'schema/<m>/states.ts'
const contracts = ['functions/<m>/contract.ts', 'functions/<m>/*/contract.ts']
const onPaper = [...contracts, states]
const verbs = 'functions/<m>/*/<verb>.ts'
const behave = [
  'functions/{core,registry}/*.ts',
  ...contracts,
  'functions/<m>/{rules,events,decide,feed}.ts',
  verbs,
  'schema/<m>/{tables,tables/*,states}.ts',
  'npm:drizzle-orm',
]
const behaveIn = (m: string) =>
  behave
    .filter((pattern) => !pattern.startsWith('schema/') && pattern !== 'functions/<m>/contract.ts')
    .map((pattern) => pattern.replaceAll('<m>', m))
/** A page speaks to the API only, so it shares no code with the Worker but types and words. */
const show = ['web/parts/*', 'web/{api,pages,people}.ts', 'npm:{preact,preact/**,@preact/signals}']
const compose = ['worker.ts', '{functions,cron,schema}/**', '{npm,node,cloudflare}:**']

export const importTable: Row[] = [
  { file: 'schema/kit/*.ts', may: ['schema/kit/*.ts', declare, 'node:{fs,path,crypto}'] },
  { file: 'schema/<row>/states.ts', may: [] },
  {
    file: 'schema/<row>/tables{,/*}.ts',
    may: ['schema/kit/columns.ts', 'schema/<row>/states.ts', 'schema/<row>/tables/*.ts', declare],
  },
  { file: 'schema/<row>/rules.ts', may: ['schema/kit/rules.ts', 'schema/<row>/states.ts'] },
  {
    file: 'schema/<row>/declared.ts',
    may: ['schema/kit/*.ts', 'schema/<row>/{tables,tables/*,states,rules}.ts', declare],
  },
  { file: 'schema/migrations/{index,hot}.ts', may: [] },

  { file: 'functions/registry/*.ts', may: ['functions/registry/*.ts', 'npm:zod'] },
  {
    file: 'functions/core/db.ts',
    may: [
      'functions/{core,registry}/*.ts',
      'schema/core/tables.ts',
      declare,
      'npm:{zod,@neondatabase/serverless}',
    ],
  },
  {
    file: 'functions/core/hot.ts',
    may: [
      'functions/core/{log,named}.ts',
      'schema/migrations/hot.ts',
      'npm:drizzle-orm{,/pg-core}',
      'node:crypto',
    ],
  },
  {
    file: 'functions/core/*.ts',
    may: ['functions/{core,registry}/*.ts', 'schema/core/tables.ts', declare, 'npm:zod'],
  },
  {
    file: 'functions/http/auth.ts',
    may: ['functions/{http,registry}/*.ts', 'functions/core/{context,errors}.ts', 'npm:{zod,jose}'],
  },
  { file: 'functions/http/unpack.ts', may: ['functions/core/errors.ts', 'node:zlib'] },
  {
    file: 'functions/http/*.ts',
    may: [
      'functions/{http,registry}/*.ts',
      'functions/core/{context,currencies,errors,faults,sqlstate,hub,stream,report}.ts',
      'type functions/core/*.ts',
      'npm:{hono,hono/**,zod}',
    ],
  },

  {
    file: 'functions/ops/{,*/}contract.ts',
    may: ['functions/ops/{,*/}contract.ts', 'functions/http/fields.ts', 'schema/core/states.ts', 'npm:zod'],
  },
  {
    file: 'functions/<m>/{,*/}contract.ts',
    may: [...contracts, 'functions/http/fields.ts', states, 'npm:zod'],
  },
  { file: 'functions/<m>/rules.ts', may: onPaper, pure: true },
  { file: 'functions/<m>/events.ts', may: [...onPaper, 'functions/http/fields.ts', 'npm:zod'], pure: true },
  { file: 'functions/<m>/decide.ts', may: [...onPaper, 'functions/<m>/events.ts'], pure: true },
  { file: 'functions/<m>/feed.ts', may: behave },
  {
    file: 'functions/<m>/hot.ts',
    may: [
      verbs,
      'functions/<m>/queue.ts',
      'functions/core/consume.ts',
      'type functions/core/*.ts',
      'type npm:drizzle-orm',
    ],
  },
  {
    file: 'functions/<m>/*/routes.ts',
    may: [
      ...contracts,
      'functions/<m>/events.ts',
      verbs,
      'functions/http/*.ts',
      'functions/registry/*.ts',
      'functions/core/{caller,currencies,errors}.ts',
      'type functions/core/*.ts',
      states,
      'npm:{hono,zod}',
    ],
  },
  {
    file: 'functions/<m>/queue.ts',
    may: [...contracts, verbs, 'functions/core/{context,ingest-message}.ts'],
  },
  {
    file: 'functions/<m>/story.ts',
    may: ['functions/core/*.ts', 'functions/<m>/rules.ts', verbs, states, 'npm:drizzle-orm'],
  },
  {
    file: 'functions/<m>/watch.ts',
    may: ['functions/core/*.ts', 'functions/<m>/{rules,feed,queue}.ts', verbs, states, 'npm:drizzle-orm'],
  },
  {
    file: 'functions/<m>/module.ts',
    may: [
      ...contracts,
      'functions/<m>/{feed,queue,watch,story}.ts',
      'functions/<m>/*/routes.ts',
      'functions/http/*.ts',
      'functions/core/*.ts',
    ],
  },
  {
    file: 'functions/space/iss/orbit.ts',
    may: ['functions/space/rules.ts', 'functions/space/iss/<verb>.ts', 'npm:satellite.js'],
    pure: true,
  },
  { file: 'functions/fleet/configs/open-broker.ts', may: ['npm:mqtt-packet'] },
  { file: 'functions/clicks/clicks/agent.ts', may: ['npm:bowser'] },
  { file: 'functions/clicks/clicks/bot.ts', may: ['npm:isbot'] },
  { file: 'functions/clicks/clicks/new-id.ts', may: ['npm:uuid'] },
  {
    file: 'functions/ops/*/<verb>.ts',
    may: [...behaveIn('ops'), 'schema/core/tables.ts', 'schema/migrations/index.ts', 'npm:croner'],
  },
  { file: verbs, may: behave },

  {
    file: 'functions/{app,durable-objects,gatherer,modules,queues,regulator,spill,streams}.ts',
    may: ['functions/**', '{npm,cloudflare}:**'],
  },
  { file: 'cron/index.ts', may: ['cron/*.ts', 'functions/core/*.ts', 'functions/modules.ts'] },
  { file: 'cron/core.ts', may: ['functions/{core,registry}/*.ts'] },
  { file: 'cron/<m>.ts', may: ['functions/{core,registry}/*.ts', verbs] },
  { file: 'worker.ts', may: compose },

  { file: 'web/docs/*', may: ['web/docs/*'] },
  { file: 'web/parts/map.tsx', may: [...show, 'npm:{d3-geo,topojson-client,world-atlas/**}'] },
  { file: 'web/parts/chart.tsx', may: [...show, 'npm:uplot'] },
  { file: 'web/parts/stream.ts', may: [...show, 'npm:eventsource-parser'] },
  { file: 'web/parts/*', may: show },
  { file: 'web/{main.tsx,pages.ts,people.ts,api.ts,assets.d.ts}', may: [...show, 'web/*/*.tsx'] },
  {
    file: 'web/<m>/*',
    may: [...show, 'web/<m>/*', 'type functions/<m>/{,*/}contract.ts', states, 'type npm:zod'],
  },

  { file: 'dev/**', may: ['dev/**', 'computed', ...compose] },
  { file: 'bench/**', may: ['**'] },
  { file: 'test/**', may: ['**'] },
  { file: '*.config.ts', may: ['**'] },
]
