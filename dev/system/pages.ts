import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { projectRoot } from './project.ts'

export type ListedPage = { path: string; title: string; row: string; roles: readonly string[] | 'everybody' }

/** The pages of the dashboard. Loaded by a name, because only the compiler of web/ knows what a page is made of. */
export async function listPages(): Promise<readonly ListedPage[]> {
  const file = pathToFileURL(join(projectRoot, 'web/pages.ts')).href
  const loaded: { pages: readonly ListedPage[] } = await import(file)
  return loaded.pages
}
