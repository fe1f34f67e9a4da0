import { money, number } from './numbers.ts'
import { moment } from './times.ts'

/*
 * Values of any shape, as an alert carries them: a record is name and value, a list of records is a table. All of it is
 * shown as text, also markup.
 */

export function Evidence({ of, caption }: { of: unknown; caption: string }) {
  if (Array.isArray(of) && of.length > 0 && of.every(isRecord)) return <Rows rows={of} caption={caption} />
  if (isRecord(of)) return <Members of={of} caption={caption} />
  return <span>{textOf(of)}</span>
}

function Members({ of, caption }: { of: Record<string, unknown>; caption: string }) {
  return (
    <dl class="facts">
      {Object.entries(of).map(([name, value]) => (
        <div key={name}>
          <dt>{titleOf(of, name)}</dt>
          <dd>
            {isNested(value) ? (
              <Evidence of={value} caption={`${caption}: ${words(name)}`} />
            ) : (
              memberOf(of, name)
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Rows({ rows, caption }: { rows: readonly Record<string, unknown>[]; caption: string }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return (
    <table>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {names.map((name) => (
            <th key={name} scope="col">
              {headOf(rows, name)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          // Evidence has no key, and it is replaced as a whole.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <tr key={index}>
            {names.map((name) => (
              <td key={name} data-label={headOf(rows, name)}>
                {memberOf(row, name)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNested(value: unknown): boolean {
  return isRecord(value) || (Array.isArray(value) && value.some(isRecord))
}

/** `oldestSeconds` and `oldest_seconds` are read as `oldest seconds`. */
function words(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
}

/** `stakeMinor` beside a `currency` is money: the member without its suffix. */
function moneyIn(of: Record<string, unknown>, name: string): string | null {
  const { [name]: minor, currency } = of
  return name.endsWith('Minor') && typeof minor === 'number' && typeof currency === 'string'
    ? money(minor, currency)
    : null
}

const memberOf = (of: Record<string, unknown>, name: string) => moneyIn(of, name) ?? textOf(of[name])

const titleOf = (of: Record<string, unknown>, name: string) =>
  words(moneyIn(of, name) === null ? name : name.slice(0, -'Minor'.length))

/** The suffix goes where every row that has a value shows it as money. */
function headOf(rows: readonly Record<string, unknown>[], name: string): string {
  const row = rows.find((one) => hasValue(one[name]) && moneyIn(one, name) === null)
  return titleOf(row ?? rows.find((one) => hasValue(one[name])) ?? {}, name)
}

const hasValue = (value: unknown) => value !== null && value !== undefined

function textOf(value: unknown): string {
  if (!hasValue(value)) return 'none'
  if (typeof value === 'number') return number(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? moment(value) : value
}
