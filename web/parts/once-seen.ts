/** Calls back once the element is in the window, or the page is put on paper. Returns how to stop. */
export function onceSeen(element: Element, seen: () => void): () => void {
  // An edge of it at the end of the window is not seen yet.
  const watching = new IntersectionObserver(
    (entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) seen()
    },
    { rootMargin: '-64px 0px' },
  )
  watching.observe(element)
  addEventListener('beforeprint', seen)
  return () => {
    watching.disconnect()
    removeEventListener('beforeprint', seen)
  }
}
