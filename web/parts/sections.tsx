import { route } from './route.ts'

export type Section = { href: string; title: string }

/** The pages of one area, next to each other. The current one is marked. */
export function Sections({ label, links }: { label: string; links: readonly Section[] }) {
  return (
    <nav class="sections" aria-label={label}>
      <ul>
        {links.map(({ href, title }) => (
          <li key={href}>
            <a href={href} aria-current={currentOf(href, links)}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** The page itself, or the nearest one above it. */
function currentOf(href: string, links: readonly Section[]): 'page' | 'true' | undefined {
  const { path } = route.value
  if (path === href) return 'page'
  const above = links.filter((link) => path.startsWith(`${link.href}/`)).map((link) => link.href)
  const nearest = above.toSorted((a, b) => b.length - a.length)[0]
  return nearest === href && !links.some((link) => link.href === path) ? 'true' : undefined
}
