// oxlint-disable-next-line import/no-unassigned-import
import './together.ts'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

type PageOf = {
  title: string
  /** One sentence for a newcomer: what the page is for. */
  sentence: string
  tools?: ComponentChildren
  children: ComponentChildren
}

let isFirst = true

/** Heading, purpose, panels. A new page moves the focus to its heading. */
export function Page({ title, sentence, tools, children }: PageOf) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = title === 'Lockstep' ? title : `${title} · Lockstep`
    if (!isFirst) heading.current?.focus()
    isFirst = false
  }, [title])
  return (
    <>
      <div class="intro">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          <p>{sentence}</p>
        </div>
        {tools}
      </div>
      {children}
    </>
  )
}

/** Panels in columns, as many as fit. */
export function Grid({ children }: { children: ComponentChildren }) {
  return <div class="grid">{children}</div>
}

/** Panels under each other in one column of a grid. */
export function Stack({ children }: { children: ComponentChildren }) {
  return <div class="stack">{children}</div>
}
