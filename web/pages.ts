import type { ComponentType } from 'preact'

/** The pages: one line each, grouped by row. `roles` are those that the API lets in; the menu has the others not. */
export type PageEntry = {
  path: string
  title: string
  /** The row of the system whose page this is. */
  row: string
  roles: readonly string[] | 'everybody'
  /** False: reached by a link from another page. */
  inMenu: boolean
  load: () => Promise<{ default?: never; page: ComponentType<{ params: Record<string, string> }> }>
}

export const pages: readonly PageEntry[] = [
  {
    path: '/',
    title: 'Space',
    row: 'space',
    roles: 'everybody',
    inMenu: true,
    load: () => import('./space/now.tsx'),
  },
]
