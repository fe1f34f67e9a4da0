import { type Mutant, mutantsOf } from './mutant.ts'

/** Counters of isolates and statements. */
export const coreFigureMutants: readonly Mutant[] = [
  ...mutantsOf('core/counts.ts', 'test/core/gathered.unit.test.ts', [
    [
      'functions/core/counts.ts',
      'a change after a report was made counts as confirmed',
      'one.confirmed = Math.max(one.confirmed, changes)',
      'one.confirmed = one.changes',
    ],
    [
      'functions/core/counts.ts',
      'a report is confirmed when it is made',
      'n += 1\n      isolate ??=',
      'n += 1\n      for (const [, one] of told) one.confirmed = one.changes\n      isolate ??=',
    ],
    ['functions/core/counts.ts', 'has any number of series', 'series.size < mostSeries', 'true'],
  ]),
  ...mutantsOf('core/gathered.ts', 'test/core/gathered.unit.test.ts', [
    [
      'functions/core/gathered.ts',
      'adds a report instead of replacing the one before',
      'Math.max(0, value - (before[at] ?? 0))',
      'value',
    ],
    [
      'functions/core/gathered.ts',
      'takes the values of a late report',
      'Math.max(0, value - (before[at] ?? 0))',
      'value - (before[at] ?? 0)',
    ],
    ['functions/core/gathered.ts', 'forgets what is stored', '?? storedIsolate() ?? fresh', '?? fresh'],
  ]),
  ...mutantsOf('core/record-queries.ts', 'test/ops/queries/statistics-equal-a-recount.db.test.ts', [
    [
      'functions/core/record-queries.ts',
      'notices only smaller numbers',
      'm.stats_since <> t.stats_since or ',
      '',
    ],
    [
      'functions/core/record-queries.ts',
      'counts the whole value again',
      'left join core.query_marks m using (query_id)',
      'left join core.query_marks m on false',
    ],
    [
      'functions/core/record-queries.ts',
      'reads at each tick',
      'where r.read_at is null',
      'where true or r.read_at is null',
    ],
    [
      'schema/core/own_statements.sql',
      'reads utility statements',
      '^\\s*(select|with|insert|update|delete|merge|values) /',
      '^\\s*\\w+ /',
    ],
    [
      'schema/core/own_statements.sql',
      'reads the statements of other roles',
      's.userid = (select oid from pg_catalog.pg_roles where rolname = current_user)',
      'true',
    ],
  ]),
]
