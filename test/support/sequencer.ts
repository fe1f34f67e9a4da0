import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files of little text that take minutes, or wait for half a minute. At the end all processes would wait for one of them. */
const long = /\/(web\/every-page|dev\/start|http\/streams-are-limited)\./

/** The order of vitest, which begins with large files in each project, but with those that take long before all others. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const projects = Map.groupBy(sorted, ({ project }) => project.name)
    return [...projects.values()].flatMap((own) =>
      own.toSorted((a, b) => Number(long.test(b.moduleId)) - Number(long.test(a.moduleId))),
    )
  }
}
