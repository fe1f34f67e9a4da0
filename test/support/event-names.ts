import type { Tree } from '../../dev/check/tree.ts'

export type EmittedName = {
  where: string
  /** `bet.placed`, or with a dot at its end the beginning of names that are made at run time: `bet.`. */
  name: string
}

/** The names of events in the files that write them to the outbox or to deliveries, or that offer a feed to webhooks. */
export function emittedNames(tree: Tree): EmittedName[] {
  return tree.paths
    .filter((path) => /^(functions|schema)\/(?!migrations\/)[^/]+\/.*\.(ts|sql)$/.test(path))
    .filter((path) => /\bemit\(|: Outgoing = \{|insert into \w+\.\w+_deliveries/.test(tree.read(path)))
    .flatMap((where) =>
      [...withoutComments(tree.read(where)).matchAll(/'([a-z]+)\.([a-z_]*)'/g)]
        // A name in the row's own Postgres schema is that of a table.
        .filter(([, family]) => family !== where.split('/')[1])
        .map(([, family, rest]) => ({ where, name: `${family}.${rest}` })),
    )
}

/** Those that no name of the document equals, or begins with. */
export function undocumented(names: readonly EmittedName[], documented: readonly string[]): EmittedName[] {
  return names.filter(
    ({ name }) => !documented.some((one) => one === name || (name.endsWith('.') && one.startsWith(name))),
  )
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(\/\/|--|\*|\/\*).*$/gm, '')
}
