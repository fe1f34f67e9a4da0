import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Badge } from './badge.tsx'
import { Copy } from './copy.tsx'
import { counted, milliseconds } from './numbers.ts'
import { asCurl, type Receipt, receipts } from './receipts.ts'
import { role, token } from './session.ts'
import { timeOfDay } from './times.ts'
import { Fact, Facts } from './value.tsx'

export const drawerOpen = signal(false)

/** The last fifty calls of this tab: what each cost, and how to repeat it in a terminal. */
export function ReceiptsDrawer() {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (drawerOpen.value) heading.current?.focus()
  }, [drawerOpen.value])
  if (!drawerOpen.value) return null
  return (
    <aside
      class="drawer"
      aria-label="Receipts"
      onKeyDown={(event) => {
        if (event.key === 'Escape') drawerOpen.value = false
      }}
    >
      <header>
        <h2 ref={heading} tabIndex={-1}>
          Receipts
        </h2>
        <button type="button" class="small" onClick={() => (drawerOpen.value = false)}>
          Close
        </button>
      </header>
      <p class="muted">
        The last {counted(receipts.value.length, 'call')} of this tab, newest first, and what each cost.
      </p>
      <ol>
        {receipts.value.map((receipt) => (
          <li key={receipt.n}>
            <One receipt={receipt} />
          </li>
        ))}
      </ol>
    </aside>
  )
}

function One({ receipt }: { receipt: Receipt }) {
  const { method, path, status, ms, dbMs, trips, statement, requestId, key, replayed, position, at } = receipt
  const tone = status === 0 || status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'ok'
  return (
    <details>
      <summary>
        <Badge word={status === 0 ? 'no reply' : String(status)} tone={tone} />
        <span class="call">
          {method} {path}
        </span>
        <span class="cost">
          {milliseconds(ms)}
          {trips !== null && ` · ${counted(trips, 'trip')}`}
        </span>
      </summary>
      <Facts>
        <Fact name="at">{timeOfDay(at)}</Fact>
        <Fact name="database">
          {dbMs === null ? 'not used' : `${milliseconds(dbMs)} of ${milliseconds(ms)}`}
        </Fact>
        {statement !== null && (
          <Fact name="statement">
            {role.value === 'admin' ? (
              <a href={`/app/ops/requests/${encodeURIComponent(statement)}`}>{statement}</a>
            ) : (
              statement
            )}
          </Fact>
        )}
        {requestId !== null && (
          <Fact name="request">
            <code>{requestId}</code>
          </Fact>
        )}
        {key !== null && (
          <Fact name="key">
            <code>{key}</code>
            {replayed && ' · the answer was replayed'}
          </Fact>
        )}
        {position !== null && (
          <Fact name="position">
            <code>{position}</code>
          </Fact>
        )}
      </Facts>
      <Copy
        label="Copy as curl"
        text={() => asCurl(receipt, { origin: location.origin, signedIn: token.value !== null })}
      />
    </details>
  )
}
