import { signal } from '@preact/signals'

/** The address of the page. Filters live in its query, so that a link shows what its sender saw. */
export type Route = { path: string; query: URLSearchParams }

export const route = signal<Route>(here())

function here(): Route {
  return { path: pathOf(location.pathname), query: new URLSearchParams(location.search) }
}

/** The path without slashes at its end. */
export function pathOf(pathname: string): string {
  let end = pathname.length
  while (end > 1 && pathname[end - 1] === '/') end--
  return pathname.slice(0, end)
}

export function go(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', href)
  else history.pushState(null, '', href)
  route.value = here()
}

/** Changes members of the query; null removes one. A filter replaces the address, so that "back" leaves the page. */
export function setQuery(changes: Record<string, string | null>): void {
  const query = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(changes))
    if (value === null || value === '') query.delete(name)
    else query.set(name, value)
  const text = query.toString()
  go(location.pathname + (text === '' ? '' : `?${text}`), { replace: true })
}

/** Links between pages change the address without a load. All others, and those with a modifier, are the browser's. */
export function followLinks(isPage: (path: string) => boolean): void {
  addEventListener('popstate', () => {
    route.value = here()
  })
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target !== '' || link.origin !== location.origin || !isPage(link.pathname))
      return
    if (link.hash !== '' && link.pathname === location.pathname) return
    event.preventDefault()
    go(link.pathname + link.search)
  })
}
