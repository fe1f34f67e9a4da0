import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { onceSeen } from './once-seen.ts'

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
    if (place.current === null) return undefined
    return onceSeen(place.current, () => (seen.value = true))
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
