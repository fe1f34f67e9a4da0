import type { ComponentChildren } from 'preact'
import type { Problem } from '../api.ts'
import type { Sending } from './action.ts'
import { Failure } from './panel.tsx'

/*
 * A form of labelled fields. Errors of the API stand under the field that they name (`errors[].path`), the rest above the
 * button. `send` gets the texts of the fields by their names; a blank field is left out.
 */

type FormOf = {
  label: string
  button: string
  send: (values: Record<string, string>) => unknown
  problem?: Problem | null
  state?: Sending
  /** Other buttons, beside that of the form. */
  beside?: ComponentChildren
  children: ComponentChildren
}

export function Form({ label, button, send, problem = null, state = 'idle', beside, children }: FormOf) {
  return (
    <form
      class="form"
      aria-label={label}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        const entries = [...new FormData(event.currentTarget)].map(([name, value]) => [
          name,
          typeof value === 'string' ? value.trim() : '',
        ])
        void send(Object.fromEntries(entries.filter(([, value]) => value !== '')))
      }}
    >
      {children}
      {problem && <Failure problem={problem} />}
      <div class="buttons">
        <button type="submit" class="main" disabled={state !== 'idle'}>
          {state === 'idle' ? button : state === 'sending' ? 'Sending…' : 'Sent, outcome unknown: repeating…'}
        </button>
        {beside}
      </div>
    </form>
  )
}

type FieldOf = {
  name: string
  label: string
  hint?: string
  problem?: Problem | null
  type?: 'text' | 'password'
  value?: string
  /** A choice instead of a text. */
  options?: readonly { value: string; label: string }[]
  required?: boolean
  lines?: number
}

export function Field({
  name,
  label,
  hint,
  problem,
  type = 'text',
  value,
  options,
  required,
  lines,
}: FieldOf) {
  const faults = (problem?.errors ?? []).filter(({ path }) => path === name)
  const described = [hint && `${name}-hint`, faults.length > 0 && `${name}-fault`].filter(Boolean).join(' ')
  const shared = {
    id: `field-${name}`,
    name,
    required: required ?? false,
    'aria-invalid': faults.length > 0,
    ...(described !== '' && { 'aria-describedby': described }),
  }
  return (
    <div class="field">
      <label htmlFor={`field-${name}`}>{label}</label>
      {options ? (
        <select {...shared} defaultValue={value}>
          {options.map((option) => (
            <option key={option.value} value={option.value} selected={option.value === value}>
              {option.label}
            </option>
          ))}
        </select>
      ) : lines ? (
        <textarea {...shared} rows={lines} defaultValue={value} />
      ) : type === 'password' ? (
        <input {...shared} type="password" {...typing} defaultValue={value} />
      ) : (
        <input {...shared} type="text" {...typing} defaultValue={value} />
      )}
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {faults.length > 0 && (
        <p class="fault" id={`${name}-fault`}>
          {faults.map(({ message }) => message).join('; ')}
        </p>
      )}
    </div>
  )
}

const typing = { autocomplete: 'off', spellcheck: false }
