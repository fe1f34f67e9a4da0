import { useSignal } from '@preact/signals'
import { announce } from './announce.tsx'

/** Copies a text, and says so. */
export function Copy({ text, label }: { text: () => string; label: string }) {
  const done = useSignal(false)
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text())
    done.value = true
    announce('Copied')
    setTimeout(() => (done.value = false), 2_000)
  }
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      {done.value ? 'Copied' : label}
    </button>
  )
}
