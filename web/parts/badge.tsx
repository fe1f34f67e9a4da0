/** A state as sign, word and colour: the word alone is enough, so the colour carries nothing by itself. */
export type Tone = 'ok' | 'warn' | 'bad' | 'unknown' | 'accent' | 'plain'

const signs: Record<Tone, string> = { ok: '●', warn: '▲', bad: '■', unknown: '◇', accent: '◆', plain: '○' }

export function Badge({ word, tone, title }: { word: string; tone: Tone; title?: string }) {
  return (
    <span class={`badge ${tone}`} title={title}>
      <span aria-hidden="true">{signs[tone]}</span> {word}
    </span>
  )
}
