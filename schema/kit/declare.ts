/**
 * Declares what Drizzle cannot: functions, triggers, covering and expression indexes, roles, extensions, grants,
 * row-level security, partitioning. Each row's `declared.ts` exports a list, in the order of creation. `npm run
 * db:generate` writes the difference between the lists and the migrations into a new migration.
 */
export type Declared = {
  kind:
    | 'role'
    | 'extension'
    | 'function'
    | 'view'
    | 'trigger'
    | 'row security'
    | 'policy'
    | 'grant'
    | 'index'
    | 'partitioning'
    | 'kept partitions'
    | 'rows'
    | 'storage'
    | 'rules'
    | 'validation'
  /** Unique within its kind. A change under the same name replaces the thing; another name is another thing. */
  name: string
  create: string
  drop: string
  /** The statement that sets its comment. A change of it creates nothing again. */
  comment?: string
  /** The table or view with which it is dropped. */
  on?: string
  /** Created before the tables, because a default, a check or a generated column uses it. */
  beforeTables?: boolean
  /** Created outside a transaction, so that it blocks no writer. */
  concurrently?: boolean
}

/** A role belongs to the whole cluster, so another database may have created it, or may be creating it now. */
export function role({ name, options = 'nologin' }: { name: string; options?: string }): Declared {
  return {
    kind: 'role',
    name,
    beforeTables: true,
    create: `do $$
begin
  create role ${name} ${options};
exception
  when duplicate_object or unique_violation then null;
end
$$`,
    drop: `-- role ${name} is left: other databases of the cluster may use it`,
  }
}

/** In `public`, where every managed Postgres keeps extensions, so that a function can name the schema. */
export function extension(name: string): Declared {
  return {
    kind: 'extension',
    name,
    beforeTables: true,
    create: `create extension if not exists ${name} schema public`,
    drop: `drop extension ${name}`,
  }
}

/**
 * `name` is Postgres' signature, as in `core.settled(jsonb)`; `create` is the whole `create or replace function …`.
 * With `executeBy` no other role may call it, as `security definer` requires.
 */
export function sqlFunction({
  name,
  create,
  executeBy,
  beforeTables = false,
}: {
  name: string
  create: string
  executeBy?: string
  beforeTables?: boolean
}): Declared {
  const revoked = executeBy && `revoke execute on function ${name} from public`
  const granted = executeBy && `grant execute on function ${name} to ${executeBy}`
  return {
    kind: 'function',
    name,
    beforeTables,
    create: statements(trimmed(create), revoked, granted),
    drop: `drop function ${name}`,
  }
}

/** `create` is the whole statement. A change drops the view first, unless it is `create or replace view …`. */
export function sqlView({ name, create }: { name: string; create: string }): Declared {
  const materialized = /^\s*create\s+materialized/i.test(create) ? 'materialized ' : ''
  return { kind: 'view', name, create: trimmed(create), drop: `drop ${materialized}view ${name}` }
}

/** `fires` as in `before update` or `after insert or update of status`; `referencing` names transition tables. */
export function trigger({
  name,
  table,
  fires,
  referencing,
  forEach,
  when,
  execute,
}: {
  name: string
  table: string
  fires: string
  referencing?: string
  forEach: 'row' | 'statement'
  when?: string
  execute: string
}): Declared {
  return {
    kind: 'trigger',
    name: `${name} on ${table}`,
    on: table,
    create: lines(
      `create or replace trigger ${name}`,
      `${fires} on ${table}`,
      referencing && `referencing ${referencing}`,
      `for each ${forEach}`,
      when && `when (${when})`,
      `execute function ${execute}`,
    ),
    drop: `drop trigger ${name} on ${table}`,
  }
}

/**
 * An index names the query that it serves, and Postgres keeps that as its comment. It is built concurrently, except
 * on a partitioned table, where Postgres cannot do that.
 */
export function sqlIndex({
  name,
  table,
  unique = false,
  using = 'btree',
  columns,
  include = [],
  with: options = {},
  where,
  serves,
  concurrently = true,
}: {
  name: string
  table: string
  unique?: boolean
  using?: 'btree' | 'brin' | 'gist' | 'gin' | 'hash'
  columns: string[]
  include?: string[]
  with?: Record<string, number | string>
  where?: string
  serves: string
  concurrently?: boolean
}): Declared {
  const qualified = `${table.slice(0, table.indexOf('.'))}.${name}`
  const how = concurrently ? ' concurrently' : ''
  return {
    kind: 'index',
    name: qualified,
    on: table,
    concurrently,
    create: lines(
      `create ${unique ? 'unique ' : ''}index${how} if not exists ${name}`,
      `on ${table} using ${using} (${columns.join(', ')})`,
      include.length > 0 && `include (${include.join(', ')})`,
      Object.keys(options).length > 0 && `with (${settings(options)})`,
      where && `where ${where}`,
    ),
    comment: `comment on index ${qualified} is ${literal(serves)}`,
    drop: `drop index${how} if exists ${qualified}`,
  }
}

/** `force` binds the owner of the table, too; without it the owner sees every row. */
export function rowSecurity({ table, force = true }: { table: string; force?: boolean }): Declared {
  return {
    kind: 'row security',
    name: table,
    create: statements(
      `alter table ${table} enable row level security`,
      force && `alter table ${table} force row level security`,
    ),
    drop: statements(
      `alter table ${table} disable row level security`,
      `alter table ${table} no force row level security`,
    ),
  }
}

export function policy({
  name,
  table,
  restrictive = false,
  command = 'all',
  to,
  using,
  withCheck,
}: {
  name: string
  table: string
  restrictive?: boolean
  command?: 'all' | 'select' | 'insert' | 'update' | 'delete'
  to: string
  using?: string
  withCheck?: string
}): Declared {
  return {
    kind: 'policy',
    name: `${name} on ${table}`,
    create: lines(
      `create policy ${name} on ${table}`,
      restrictive && 'as restrictive',
      `for ${command} to ${to}`,
      using && `using (${using})`,
      withCheck && `with check (${withCheck})`,
    ),
    drop: `drop policy ${name} on ${table}`,
  }
}

/**
 * `on` in Postgres' own words: `schema core`, `table core.leases`, `all sequences in schema core`, `function
 * core.f(int)`.
 */
export function grants({ on, to, privileges }: { on: string; to: string; privileges: string[] }): Declared {
  return {
    kind: 'grant',
    name: `on ${on} to ${to}`,
    on: on.replace(/^table /, ''),
    create: `grant ${privileges.join(', ')} on ${on} to ${to}`,
    drop: `revoke ${privileges.join(', ')} on ${on} from ${to}`,
  }
}

/** Storage parameters of a table, as in `{ fillfactor: 70 }`. */
export function storage({
  table,
  with: parameters,
}: {
  table: string
  with: Record<string, number | string>
}): Declared {
  return {
    kind: 'storage',
    name: table,
    create: `alter table ${table} set (${settings(parameters)})`,
    drop: `alter table ${table} reset (${Object.keys(parameters).join(', ')})`,
  }
}

/**
 * Rows with which a table starts. The Worker may change them later, so a migration neither removes nor replaces them.
 * `values` are SQL tuples in the order of `columns`.
 */
export function firstRows({
  table,
  columns,
  values,
}: {
  table: string
  columns: string[]
  values: string[]
}): Declared {
  return {
    kind: 'rows',
    name: table,
    on: table,
    create: `insert into ${table} (${columns.join(', ')})
values
  ${values.join(',\n  ')}
on conflict do nothing`,
    drop: `-- the first rows of ${table} are left: the Worker may have changed them`,
  }
}

function lines(...parts: (string | false | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string').join('\n')
}

function statements(...parts: (string | false | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string').join(';\n')
}

function settings(parameters: Record<string, number | string>): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${key} = ${value}`)
    .join(', ')
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function trimmed(statement: string): string {
  return statement.trim().replace(/;$/, '')
}
