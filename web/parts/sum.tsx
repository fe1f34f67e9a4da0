import { Badge } from './badge.tsx'
import { number } from './numbers.ts'

/*
 * A total with its parts, as an addition that the reader can check: `received 120 = accepted 118 + duplicate 2`. Parts
 * that are zero are named at the end. A sum that does not add up says so.
 */

/** `name` is the member of the rows, `label` its name for people. */
type Part = { name: string; label?: string; value: number; bad?: boolean }

/** `at`: the list whose members of these names are added up. */
export function Sum({ at, total, parts }: { at: string; total: Part; parts: readonly Part[] }) {
  const shown = parts.filter(({ value }) => value !== 0)
  const zero = parts.filter(({ value }) => value === 0)
  const counted = parts.reduce((sum, { value }) => sum + value, 0)
  return (
    <div class="sum">
      <p>
        <Term at={at} part={total} />
        {shown.map((part, index) => (
          <span key={part.name}>
            <span class="sign">{index === 0 ? '=' : '+'}</span>
            <Term at={at} part={part} />
          </span>
        ))}
      </p>
      <p class="muted">
        {counted === total.value ? (
          <Badge word="adds up" tone="ok" />
        ) : (
          <Badge word={`differs by ${number(total.value - counted)}`} tone="bad" />
        )}{' '}
        {zero.length > 0 && `None: ${zero.map(({ name, label = name }) => label).join(', ')}.`}
      </p>
    </div>
  )
}

function Term({ at, part: { name, label = name, value, bad = false } }: { at: string; part: Part }) {
  return (
    <span class="term">
      <data class={bad ? 'big bad' : 'big'} value={value} data-sum={`${at}.*.${name}`}>
        {number(value)}
      </data>
      <span class="muted">{label}</span>
    </span>
  )
}
