import { counted, number } from '../parts/numbers.ts'
import { moment, timeOfDay } from '../parts/times.ts'
import type { Slot, SlotState } from './slots.ts'

const signs: Record<SlotState, string> = {
  done: '●',
  late: '▲',
  failed: '■',
  running: '◆',
  paused: '‖',
  missed: '✕',
}
const tones: Record<SlotState, string> = {
  done: 'ok',
  late: 'warn',
  failed: 'bad',
  running: 'accent',
  paused: 'plain',
  missed: 'bad',
}
const order: readonly SlotState[] = ['missed', 'failed', 'late', 'paused', 'running', 'done']

/** The slots of a job on one line, oldest first. The sentence below says the same for who cannot see it. */
export function Strip({ slots }: { slots: readonly Slot[] }) {
  const counts = order
    .map((state) => ({ state, count: slots.filter((slot) => slot.state === state).length }))
    .filter(({ count }) => count > 0)
  return (
    <figure>
      <div class="strip" aria-hidden="true">
        {slots.map(({ at, state }) => (
          <span key={at} class={tones[state]} title={`${moment(at, { short: true })}: ${state}`}>
            {signs[state]}
          </span>
        ))}
      </div>
      <figcaption>
        {slots.length === 0
          ? 'No slot has passed since its first run.'
          : `The last ${slots.length === 1 ? 'slot' : counted(slots.length, 'slot')}, ${timeOfDay(slots[0]?.at ?? 0)} to ${timeOfDay(slots.at(-1)?.at ?? 0)}: ${counts
              .map(({ state, count }) => `${number(count)} ${state}`)
              .join(', ')}.`}
      </figcaption>
    </figure>
  )
}
