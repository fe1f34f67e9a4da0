/** A small change of the code that breaks a guarantee. At least one of its test files must fail on it. */
export type Mutant = {
  /** The defect, in words that go on from the guarantee. */
  name: string
  /** The guarantee: a file of the table in ARCHITECTURE.md, or a row. */
  breaks: string
  file: string
  /** Occurs exactly once in the file. */
  text: string
  becomes: string
  tests: readonly string[]
}

type Change = readonly [
  file: string,
  name: string,
  text: string,
  becomes: string,
  tests?: readonly string[] | string,
]

/** The mutants of one guarantee. A change without test files of its own is found by those of the guarantee. */
export function mutantsOf(
  breaks: string,
  tests: readonly string[] | string,
  changes: readonly Change[],
): Mutant[] {
  return changes.map(([file, name, text, becomes, own = tests]) => ({
    name,
    breaks,
    file,
    text,
    becomes,
    tests: [own].flat(),
  }))
}

/** The changed source. Throws unless the mutant's text occurs exactly once. */
export function mutate(source: string, { name, file, text, becomes }: Omit<Mutant, 'tests'>): string {
  const found = source.split(text).length - 1
  if (found !== 1) throw new Error(`${file}: the text of the mutant "${name}" occurs ${found} times`)
  return source.replace(text, () => becomes)
}
