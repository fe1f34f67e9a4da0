import { useEffect, useRef } from 'preact/hooks'
import { Copy } from './copy.tsx'
import { Failure } from './panel.tsx'
import { asCurl } from './receipts.ts'
import { useResource } from './resource.ts'
import { token } from './session.ts'
import { shownSource } from './shown-source.ts'

/** The answer behind a panel, as the API gives it. */
export function SourceDrawer() {
  return shownSource.value === null ? null : <Source key={shownSource.value} path={shownSource.value} />
}

function Source({ path }: { path: string }) {
  const answer = useResource<unknown>(path)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const call = { method: 'GET', path, key: null, ifMatch: null, body: null }
  return (
    <aside
      class="drawer"
      aria-label="Answer of the API"
      onKeyDown={(event) => {
        if (event.key === 'Escape') shownSource.value = null
      }}
    >
      <header>
        <h2 ref={heading} tabIndex={-1}>
          Answer of the API
        </h2>
        <button type="button" class="small" onClick={() => (shownSource.value = null)}>
          Close
        </button>
      </header>
      <p>
        <code>GET {path}</code>
      </p>
      <Copy
        label="Copy as curl"
        text={() => asCurl(call, { origin: location.origin, signedIn: token.value !== null })}
      />
      {answer.problem.value && <Failure problem={answer.problem.value} />}
      {answer.data.value !== null && <pre tabIndex={0}>{JSON.stringify(answer.data.value, null, 2)}</pre>}
    </aside>
  )
}
