import { effect, type Signal, signal } from '@preact/signals'

/** A choice of this browser, such as the colours. A browser that stores nothing forgets it with the page. */
export function remembered<T extends string>(name: string, otherwise: T): Signal<T> {
  const kept = signal((read(`lockstep.${name}`) as T | null) ?? otherwise)
  effect(() => write(`lockstep.${name}`, kept.value))
  return kept
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // A private window may refuse: the choice then lasts as long as the page.
  }
}
