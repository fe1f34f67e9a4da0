import { type Declared, literal } from './declare.ts'

export type Partitioned = {
  /** Schema-qualified. */
  table: string
  /** A timestamptz, or with key `id` a UUIDv7, which begins with its time. */
  column: string
  key: 'time' | 'id'
  every: 'day' | 'month'
  /** How many days or months ahead of now a partition exists. */
  ahead: number
  /** How many days or months after its own a partition is dropped. */
  kept: number
  /**
   * A function of the row, `row.is_folded(timestamptz, timestamptz) returns boolean`. No partition is dropped until
   * the function says that every row from the first moment up to the second is folded.
   */
  foldedBy?: string
}

/**
 * A table that Drizzle declares, in partitions that core.keep_partitions() makes and drops. Postgres cannot change the
 * column later. There is no default partition: a row in it would block the partition that should hold that row.
 */
export function partitioned(declared: Partitioned): Declared[] {
  const { table, column, key, every, ahead, kept, foldedBy } = declared
  const values = [table, key, every].map(literal)
  const folded = foldedBy === undefined ? 'null' : literal(foldedBy)
  return [
    { kind: 'partitioning', name: table, create: `partition by range (${column})`, drop: '' },
    {
      kind: 'kept partitions',
      name: table,
      create: `insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values (${values.join(', ')}, ${ahead}, ${kept}, ${folded})`,
      drop: `delete from core.partitioned where relation = ${literal(table)}`,
    },
  ]
}
