import type { z } from 'zod'
import type { DeliveryState } from '../../functions/webhooks/deliveries/contract.ts'
import type { Webhook } from '../../functions/webhooks/subscriptions/contract.ts'
import { Badge, type Tone } from '../parts/badge.tsx'
import { Copy } from '../parts/copy.tsx'

const tones: Record<z.infer<typeof DeliveryState>, Tone> = { waiting: 'accent', delivered: 'ok', dead: 'bad' }

export function Delivered({ state }: { state: z.infer<typeof DeliveryState> }) {
  return <Badge word={state} tone={tones[state]} />
}

export function Health({ of }: { of: Webhook }) {
  if (!of.enabled)
    return <Badge word={`disabled${of.disabledFor ? `: ${of.disabledFor}` : ''}`} tone="plain" />
  if (of.pausedUntil !== null) return <Badge word={`paused after ${of.failures} failures`} tone="bad" />
  if (of.failures > 0) return <Badge word={`failing, ${of.failures} in a row`} tone="warn" />
  return <Badge word="enabled" tone="ok" />
}

/** The secret exists in this answer only, so it stays on the screen until its reader has put it away. */
export function Secret({ secret, done }: { secret: string; done: () => void }) {
  return (
    <section class="panel wide secret" aria-label="Secret" role="status">
      <header>
        <h2>The secret, shown once</h2>
      </header>
      <p>Keep it where the receiver verifies signatures. Nobody can read it again; a lost one is rotated.</p>
      <pre tabIndex={0}>{secret}</pre>
      <div class="buttons">
        <Copy label="Copy the secret" text={() => secret} />
        <button type="button" class="small" onClick={done}>
          I have kept it
        </button>
      </div>
    </section>
  )
}

export const hookHref = (id: number) => `/app/hooks/${id}`
