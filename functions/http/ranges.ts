import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'

export const dayMs = 86_400_000

export function daysFromNow(ctx: Ctx, days: number): Date {
  return new Date(ctx.now().getTime() + days * dayMs)
}

export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10)
}

/** The value, if it lies in the range; else 400 with the range. */
export function within(path: string, value: Date, { from, to }: { from: Date; to: Date }): Date {
  if (value >= from && value <= to) return value
  return outOfRange(path, `Allowed: ${from.toISOString()} to ${to.toISOString()}`)
}

export function dayWithin(path: string, day: string, { from, to }: { from: string; to: string }): void {
  if (day < from || day > to) outOfRange(path, `Allowed: ${from} to ${to}`)
}

/** No upstream has data outside these days. */
const [earliest, latest] = ['1900-01-01', '2199-12-31']

type Days = { from?: string | undefined; to?: string | undefined }

/** The days around today, or as many from the one end that is given. */
export function daysOf(
  ctx: Ctx,
  { from, to }: Days,
  { back, ahead }: { back: number; ahead: number },
): { from: string; to: string } {
  if (from !== undefined) dayWithin('from', from, { from: earliest, to: to ?? latest })
  if (to !== undefined) dayWithin('to', to, { from: earliest, to: latest })
  const later = (day: string, days: number) => dayOf(new Date(Date.parse(day) + days * dayMs))
  const today = dayOf(ctx.now())
  const end = to ?? later(from !== undefined && from > today ? from : today, ahead)
  return { from: from ?? later(end, -back - ahead), to: end }
}

export function outOfRange(path: string, message: string): never {
  throw new AppError('validation_failed', `${path} is out of range. ${message}`, {
    errors: [{ path, message }],
  })
}
