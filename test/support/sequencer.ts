import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Short files that wait for half a minute. At the end, where vitest puts short files, all others would wait for them. */
const waiting = /\/http\/streams-are-limited\./

/** The order of vitest, which begins with large files in each project, but with those that wait before all others. */
export class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const projects = Map.groupBy(sorted, ({ project }) => project.name)
    return [...projects.values()].flatMap((own) =>
      own.toSorted((a, b) => Number(waiting.test(b.moduleId)) - Number(waiting.test(a.moduleId))),
    )
  }
}
