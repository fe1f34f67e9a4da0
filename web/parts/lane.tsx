import type { Tone } from './badge.tsx'

/** A state that holds from a moment until another. */
export type Span = { from: number; to: number; word: string; tone: Tone; text: string; mark?: boolean }

type LaneOf = { name: string; spans: readonly Span[]; range: { from: number; to: number } }

/** Spans as a strip under a chart, by the same times. An action is a mark of its own. The chart says the same in words. */
export function Lane({ name, spans, range }: LaneOf) {
  const width = range.to - range.from
  const share = (at: number) => `${(Math.min(Math.max((at - range.from) / width, 0), 1) * 100).toFixed(3)}%`
  const inside = spans.filter(({ from, to }) => to >= range.from && from <= range.to)
  const words = [...new Map(inside.map(({ word, tone }) => [word, tone]))]
  return (
    <div class="chart-lane">
      <svg aria-hidden="true" height="20" width="100%">
        {inside.map(({ from, to, word, tone, text }) => (
          <rect
            key={`${from} ${word}`}
            class={tone}
            x={share(from)}
            width={`${(Math.max((Math.min(to, range.to) - Math.max(from, range.from)) / width, 0.002) * 100).toFixed(3)}%`}
            y={heights[tone]}
            height={20 - heights[tone]}
          >
            <title>{`${word}: ${text}`}</title>
          </rect>
        ))}
      </svg>
      <p aria-hidden="true">
        {name}:{' '}
        {words.map(([word, tone]) => (
          <span key={word} class="key">
            <i class={tone} /> {word}
          </span>
        ))}
      </p>
    </div>
  )
}

/** States differ by height as well as by colour. */
const heights: Record<Tone, number> = { accent: 0, bad: 4, warn: 8, unknown: 8, plain: 14, ok: 14 }

export function spanAt(spans: readonly Span[], at: number): Span | undefined {
  return spans.findLast(({ from, to }) => from <= at && at < to)
}
