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

let before = ''
let beforeAt = 0

export function handleKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || keysOn.value === 'off')
      return
    if (event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]'))
      return
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
