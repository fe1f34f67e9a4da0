import { signal } from '@preact/signals'
import { remembered } from './remembered.ts'

/** Single-letter keys, which one switch turns off (WCAG 2.1.4). They never act while a field has the focus. */
export const keysOn = remembered<'on' | 'off'>('keys', 'on')
export const helpOpen = signal(false)

type Key = { keys: string; does: string; act: () => void }
const known = signal<readonly Key[]>([])

export const keyList = known

/** `g o` is two keys after each other. Returns how to remove it. */
export function onKey(keys: string, does: string, act: () => void): () => void {
  const key = { keys, does, act }
  known.value = [...known.value, key]
  return () => {
    known.value = known.value.filter((one) => one !== key)
  }
}

/** No key of the browser, of the system or of a field, and the user wants single-letter keys. */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || keysOn.value === 'off')
    return false
  const { target } = event
  return !(target instanceof Element && target.closest('input, textarea, select, [contenteditable]'))
}

let before = ''
let beforeAt = 0

export function handleKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (!isForPage(event)) return
    const typed = event.timeStamp - beforeAt < 1_000 ? `${before} ${event.key}` : event.key
    const found =
      known.value.find(({ keys }) => keys === typed) ?? known.value.find(({ keys }) => keys === event.key)
    before = event.key
    beforeAt = event.timeStamp
    if (found === undefined) return
    event.preventDefault()
    found.act()
  })
}
