import { AppError } from '../core/errors.ts'

/**
 * The media type to answer with: of `forms`, the one that the client prefers. A client that names none of them gets the
 * first form that it does not exclude, because most clients send no useful Accept. `q=0` excludes a form (RFC 9110 §12.4.2).
 */
export function formFor(accept: string | undefined, forms: readonly string[]): string {
  const [first = 'application/json'] = forms
  if (forms.length === 0 || accept === undefined || accept.trim() === '') return first
  const ranges = accept.split(',').map(rangeOf)
  const rated = forms.map((form) => ({ form, ...ratingOf(form, ranges) }))
  const [best] = rated
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || b.specificity - a.specificity)
  const chosen = best ?? rated.find(({ specificity }) => specificity === 0)
  if (chosen !== undefined) return chosen.form
  throw new AppError('not_acceptable', `This route answers with: ${forms.join(', ')}`)
}

type Range = { type: string; quality: number }

/** `text/csv; header=present; q=0.5`. No other parameter distinguishes our forms. */
function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const q = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '')
  const quality = q === undefined ? 1 : Number(q)
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 1 }
}

/** By the most specific range that matches; 0 and 0 when none does. */
function ratingOf(form: string, ranges: readonly Range[]): { quality: number; specificity: number } {
  const types = ['*/*', `${form.split('/')[0]}/*`, form]
  for (let specificity = types.length; specificity > 0; specificity -= 1) {
    const range = ranges.find(({ type }) => type === types[specificity - 1])
    if (range !== undefined) return { quality: range.quality, specificity }
  }
  return { quality: 0, specificity: 0 }
}
