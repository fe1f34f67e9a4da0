/** The colour of a token of the stylesheet, for what is drawn on a canvas. */
export function token(name: string): string {
  const root = getComputedStyle(document.documentElement)
  const [, light = '', dark = ''] =
    /^\s*light-dark\(([^,]+),([^)]+)\)/.exec(root.getPropertyValue(name)) ?? []
  const chosen = document.documentElement.dataset['colours']
  const isDark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  return (isDark ? dark : light).trim()
}

/** Calls back when the colours change: by the system, or by the switch of the frame. Returns how to stop. */
export function onColours(changed: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const root = new MutationObserver(changed)
  root.observe(document.documentElement, { attributeFilter: ['data-colours'] })
  system.addEventListener('change', changed)
  return () => {
    root.disconnect()
    system.removeEventListener('change', changed)
  }
}
