import type { RefObject } from 'preact'
import { useLayoutEffect } from 'preact/hooks'

/** More rows than a window shows. */
const most = 100

/**
 * A browser lays a whole table out again when one of its cells changes. So the rows of a long one are laid out each by
 * itself, and its columns keep the shares of the width that they have among the rows of now.
 */
export function useShares(of: RefObject<HTMLTableElement | null>, rows: number, columns: number): void {
  const isLong = rows > most
  useLayoutEffect(() => {
    const table = of.current
    if (table === null || !isLong) return undefined
    const share = () => {
      table.classList.remove('long')
      const widths = [...table.querySelectorAll('th')].map(({ offsetWidth }) => offsetWidth)
      table.style.setProperty('--columns', widths.map((width) => `minmax(0, ${width}fr)`).join(' '))
      table.classList.add('long')
    }
    share()
    // A narrow screen has no columns.
    const wide = matchMedia('(min-width: 641px)')
    wide.addEventListener('change', share)
    return () => {
      wide.removeEventListener('change', share)
      table.classList.remove('long')
    }
  }, [isLong, columns])
}
