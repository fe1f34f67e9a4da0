import { type Mutant, mutantsOf } from './mutant.ts'

const races = 'test/core/ingest.race.test.ts'
const worker = 'test/core/ingest.worker.test.ts'

/** Accounted ingest and the cache. */
export const streamMutants: readonly Mutant[] = [
  ...mutantsOf('core/ingest.ts', races, [
    [
      'functions/core/ingest.ts',
      'does not carry the total on',
      '  sender.answered += items.length\n',
      '  sender.answered = items.length\n',
    ],
    ['functions/core/ingest.ts', 'gives two messages one number', '  sender.n += 1\n', ''],
  ]),
  ...mutantsOf('core/consume.ts', races, [
    [
      'functions/core/consume.ts',
      'stores a redelivered message again',
      '  from fresh f\n  join messages m using (source, n)',
      '  from messages f\n  join messages m using (source, n)',
    ],
    [
      'functions/core/consume.ts',
      'forgets a faulty message',
      '...(await buried(ctx, queue.stream, [...unreadable, ...faulty]))',
      '...[...unreadable, ...faulty].map(({ delivered: one }) => one)',
      'test/core/dead.db.test.ts',
    ],
  ]),
  ...mutantsOf('core/ingest-accounting.ts', worker, [
    [
      'functions/core/ingest-accounting.ts',
      'no gap is ever missing',
      "received_at < now() - interval '15 minutes'",
      "received_at < now() - interval '15 years'",
    ],
  ]),
  ...mutantsOf('core/bury.ts', 'test/core/dead.db.test.ts', [
    [
      'functions/core/bury.ts',
      'a dead message is not counted',
      '0 as rejected, items as dead from fresh',
      '0 as rejected, 0 as dead from fresh',
    ],
    [
      'functions/core/bury.ts',
      'buries what was stored meanwhile',
      '  where d.source is null\n    or f.source is not null\n',
      '',
    ],
  ]),
  ...mutantsOf('core/empty-spill.ts', 'test/core/dead.db.test.ts', [
    [
      'functions/core/empty-spill.ts',
      'a message leaves before Postgres has it',
      "fates[at] === 'done' ? [key] : []",
      '[key]',
    ],
  ]),
  ...mutantsOf('core/cache.ts', 'test/core/cache.unit.test.ts', [
    [
      'functions/core/cache.ts',
      'an old answer counts as fresh',
      'return !isOutdated(key, entry) && ageOf(entry, now) <= boundOf(entry)',
      'return !isOutdated(key, entry)',
    ],
    [
      'functions/core/cache.ts',
      'a reader gets what its isolate has changed, because the source is slow',
      '(old === undefined || isOutdated(key, old))',
      'old === undefined',
    ],
    [
      'functions/core/cache.ts',
      'each reader loads',
      'if (current && startedAt - current.startedAt < boundMs) return current\n',
      '',
    ],
  ]),
  ...mutantsOf('core/shared-layer.ts', 'test/core/cache-layers.db.test.ts', [
    [
      'functions/core/shared-layer.ts',
      'a failing layer is asked again and again',
      '    if (by.now().getTime() < skippedUntil) return null\n',
      '',
    ],
  ]),
]
