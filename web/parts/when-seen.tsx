import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/**
 * Renders its panel when it is seen, so that the first sight of a page costs few calls. Until then it has the
 * panel's title and room.
 */
export function WhenSeen({
  title,
  size = 3,
  children,
}: {
  title: string
  size?: number
  children: () => ComponentChildren
}) {
  const place = useRef<HTMLElement>(null)
  const seen = useSignal(false)
  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    // An edge of it at the end of the window is not seen yet.
    const watching = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) seen.value = true
      },
      { rootMargin: '-64px 0px' },
    )
    watching.observe(element)
    // On paper everything is seen.
    const print = () => {
      seen.value = true
    }
    addEventListener('beforeprint', print)
    return () => {
      watching.disconnect()
      removeEventListener('beforeprint', print)
    }
  }, [])
  if (seen.value) return <>{children()}</>
  return (
    <section ref={place} class={`panel size-${size}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
    </section>
  )
}
