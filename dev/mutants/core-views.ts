import { type Mutant, mutantsOf } from './mutant.ts'

const replicaTests = [
  'test/core/replica-turns.unit.test.ts',
  'test/core/replica.db.test.ts',
  'test/core/replica-standbys.db.test.ts',
]

/** Batches, views and read replicas. */
export const coreViewMutants: readonly Mutant[] = [
  ...mutantsOf('core/upsert.ts', 'test/core/upsert.db.test.ts', [
    [
      'functions/core/upsert.ts',
      'writes rows that are equal',
      "    or ${isDifferent('incoming')}\n",
      '    or true\n',
    ],
    [
      'functions/core/upsert.ts',
      'overwrites what another transaction wrote meanwhile',
      " where ${isDifferent('excluded')}`",
      '`',
      'test/core/upsert.race.test.ts',
    ],
    [
      'functions/core/upsert.ts',
      'late data overwrites newer data',
      '>= kept.${id(column)}',
      'is not null or kept.${id(column)} is null',
    ],
    [
      'functions/core/upsert.ts',
      'leaves the moment of a change',
      '[...values.map(({ column }) => sql`${id(column)} = excluded.${id(column)}`), ...touched]',
      '[...values.map(({ column }) => sql`${id(column)} = excluded.${id(column)}`)]',
    ],
    [
      'functions/core/upsert.ts',
      'stores only the first chunk',
      'return chunked(encoded).map(',
      'return chunked(encoded).slice(0, 1).map(',
    ],
    [
      'functions/core/upsert.ts',
      'overwrites although it may only add',
      'const values = append ? [] : columns',
      'const values = columns',
    ],
    [
      'functions/core/upsert.ts',
      'sends text that Postgres refuses',
      "return typeof encoded !== 'string' || isStorable(encoded)\n    ?",
      'return encoded !== undefined\n    ?',
    ],
    [
      'functions/core/rows.ts',
      'the first of rows with one key wins',
      'last.set(JSON.stringify(key), { key, row })',
      'if (!last.has(JSON.stringify(key))) last.set(JSON.stringify(key), { key, row })',
      'test/core/rows.unit.test.ts',
    ],
    [
      'functions/core/rows.ts',
      'writes rows in the order given',
      '.sort((a, b) => compareKeys(a.key, b.key))',
      '',
      'test/core/rows.unit.test.ts',
    ],
  ]),
  ...mutantsOf(
    'core/view.ts',
    ['test/core/view.db.test.ts', 'test/core/view.race.test.ts'],
    [
      [
        'schema/kit/incremental.ts',
        'accepts a gap between versions',
        's.first_version <> coalesce(m.stream_version, 0) + 1\n    or not s.gapless',
        'false',
      ],
      [
        'schema/kit/incremental.ts',
        'accepts a gap within a batch',
        '\n    or not s.gapless\n',
        '\n',
        'test/core/view.db.test.ts',
      ],
      [
        'schema/kit/incremental.ts',
        'accepts an illegal first step',
        '    or not ${states.mayBecome}(m.was, s.path[1])\n',
        '',
      ],
      [
        'schema/kit/incremental.ts',
        'accepts an illegal later step',
        'where not ${states.mayBecome}(s.path[step - 1], s.path[step])',
        'where false',
      ],
      [
        'schema/kit/incremental.ts',
        'continues a stream as if it began',
        '  if births then\n',
        '  if true then\n',
      ],
      [
        'schema/kit/incremental.ts',
        'verifies no new events',
        '      from ${events} e\n      where e.${scope} = of_scope\n',
        '      from ${events} e\n      where false\n',
        'test/core/view.db.test.ts',
      ],
    ],
  ),
  ...mutantsOf('core/refresh.ts', 'test/core/refresh.db.test.ts', [
    [
      'schema/core/refresh_view.sql',
      'blocks readers',
      "then 'concurrently' else '' end",
      "then '' else '' end",
    ],
    [
      'schema/core/refresh_view.sql',
      'waits for another refresh',
      "if not pg_try_advisory_xact_lock(hashtextextended('refresh ' || view_name, 0)) then",
      "perform pg_advisory_xact_lock(hashtextextended('refresh ' || view_name, 0));\n  if false then",
    ],
    [
      'schema/core/refresh_view.sql',
      'refreshes although nothing was written',
      'known.source_writes = counted',
      'known.source_writes <> counted',
    ],
    [
      'schema/core/refresh_view.sql',
      'skips although something was written',
      'and known.source_writes = counted\n',
      'and known.source_writes is not null\n',
    ],
    [
      'schema/core/refresh_view.sql',
      'counts the writes after the refresh',
      'extract(epoch from clock_timestamp() - begun) * 1000, seen, counted)',
      'extract(epoch from clock_timestamp() - begun) * 1000, seen, core.writes_behind(found_view.id))',
    ],
    [
      'schema/core/recount_once.sql',
      'a skipped refresh leaves the age',
      'set confirmed_at = begun, skipped',
      'set skipped',
    ],
    [
      'schema/core/refresh_view.sql',
      'ignores the longest age',
      'and (max_age is null or known.started_at > begun - max_age)',
      '',
    ],
    [
      'schema/core/refresh_view.sql',
      'refreshes an empty view concurrently',
      "case when found_view.populated then 'concurrently' else '' end",
      "'concurrently'",
    ],
    [
      'schema/core/writes_behind.sql',
      'trusts a source without counters',
      'case when bool_and(is_counted) then coalesce(sum(writes), 0)::bigint end',
      'coalesce(sum(writes), 0)::bigint',
    ],
    ['schema/core/count_writes.sql', 'does not count', 'set writes = w.writes + 1', 'set writes = w.writes'],
    [
      'schema/core/count_writes.sql',
      'counts statements that changed nothing',
      '    if not exists (select from changed) then',
      '    if false then',
    ],
    [
      'schema/core/recount_once.sql',
      'keeps a comparison that a write has overtaken',
      'if counted = known.source_writes then',
      'if true then',
    ],
    [
      'schema/core/recount_once.sql',
      'does not repair a view that differs',
      'if differing > 0 then',
      'if false then',
    ],
    [
      'schema/core/recount_view.sql',
      'compares all views that are due in one transaction',
      '\n      and not exists (select from core.view_recounts x where x.recounted_at >= now())',
      '',
    ],
    ['schema/core/recount_view.sql', 'compares at each run', "< begun - interval '1 day'", '< begun'],
    ['schema/core/recount_view.sql', 'compares a long view too', '\n      and newest.duration_ms < 2000', ''],
    [
      'schema/core/recount_view.sql',
      'compares sums of floating-point numbers',
      "\n    and a.atttypid not in ('real'::regtype, 'double precision'::regtype)",
      '',
    ],
  ]),
  ...mutantsOf('core/replica.ts', replicaTests, [
    [
      'functions/core/replica.ts',
      'ignores the position',
      'core.assert_fresh(${after}::xid8, ',
      'core.assert_fresh(null, ',
    ],
    [
      'functions/core/replica.ts',
      'does not ask the primary',
      'if (outcome === null) throw error',
      'throw error',
    ],
    [
      'functions/core/replica.ts',
      'asks the primary after every error',
      'if (outcome === null) throw error',
      '',
    ],
    ['functions/core/replica.ts', 'writes', '{ ...options, readOnly: true }', 'options'],
    ['functions/core/replica.ts', 'forgets settings', 'db.with(settings)', 'db'],
    [
      'functions/core/replica-turns.ts',
      'uses the first replica only',
      'urls[turn++ % urls.length]',
      'urls[0 * turn++]',
    ],
    [
      'functions/core/replica-turns.ts',
      'asks a dead replica each time',
      'if (state.outUntilMs > nowMs) return false',
      '',
    ],
    [
      'functions/core/replica-turns.ts',
      'lets all reads try a replica that may be back',
      'if (state.outUntilMs > 0) state.outUntilMs = nowMs + trialMs',
      '',
    ],
    [
      'schema/core/assert_replayed.sql',
      'a replica that is behind answers',
      'if not pg_catalog.pg_visible_in_snapshot(after, pg_catalog.pg_current_snapshot()) then',
      'if false then',
    ],
    [
      'schema/core/assert_fresh.sql',
      'a paused standby answers',
      'or behind and replayed_at < pg_catalog.clock_timestamp() - bound',
      '',
    ],
    [
      'schema/core/assert_fresh.sql',
      'a standby that is cut off answers',
      "or replayed_at < pg_catalog.clock_timestamp() - interval '150 seconds'",
      '',
    ],
  ]),
  ...mutantsOf(
    'core/partitions.ts',
    ['test/core/partitions.db.test.ts', 'test/core/partitions.race.test.ts'],
    [
      [
        'functions/core/partitions.ts',
        'a row that finds no partition is lost',
        '    await db.query(makePartitions(table, moments()))\n',
        '',
      ],
      [
        'functions/core/partitions.ts',
        'makes a partition for any violated check',
        ' && error.constraint === undefined',
        '',
      ],
    ],
  ),
]
