import { setQuery } from '../parts/route.ts'

type Option = { value: string; label: string }

/** By what a list is sorted; the choice is in the address. */
export function Order({ value, options }: { value: string; options: readonly Option[] }) {
  return (
    <div class="filters">
      <label>
        <span>Sorted by</span>
        <select value={value} onChange={(event) => setQuery({ order: event.currentTarget.value })}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
