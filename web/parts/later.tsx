import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'

/** A panel whose code is large, such as a chart: it is loaded when the panel is rendered first. */
export function Later({ load }: { load: () => Promise<ComponentType> }) {
  const shown = useSignal<ComponentType | null>(null)
  useEffect(() => {
    const begin = async () => {
      const loaded = await load()
      shown.value = loaded
    }
    void begin()
  }, [])
  const Shown = shown.value
  return Shown && <Shown />
}
