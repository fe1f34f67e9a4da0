import { signal } from '@preact/signals'

/** The path whose answer a drawer shows; null while it is closed. */
export const shownSource = signal<string | null>(null)
