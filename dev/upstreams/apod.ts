import { type Answer, daysBetween, dice, isDay, json, pick, type UpstreamRequest } from './answer.ts'

const firstDay = '1995-06-16'
const subjects = [
  'The Orion Nebula',
  'A Meteor over Mongolia',
  'Saturn at Equinox',
  'Aurora from the Space Station',
  'The Hubble Ultra Deep Field',
  'A Solar Prominence',
] as const

/** api.nasa.gov/planetary/apod: one picture a day; "today" is Eastern time. */
export function apod({ path, query, now }: UpstreamRequest): Answer {
  if (path !== '/planetary/apod') return json({ code: 404, msg: 'Not Found', service_version: 'v1' }, 404)
  const today = easternDay(now)
  const from = query.get('start_date')
  if (from !== null) return range(from, query.get('end_date') ?? today, today)
  const day = query.get('date') ?? today
  if (!isDay(day)) return refused(`time data '${day}' does not match format '%Y-%m-%d'`)
  if (day < firstDay) return refused(`Date must be between Jun 16, 1995 and ${today}.`)
  if (day > today)
    return json({ code: 404, msg: `No data available for date: ${day}`, service_version: 'v1' }, 404)
  return json(pictureOf(day))
}

function range(from: string, to: string, today: string): Answer {
  if (!isDay(from) || !isDay(to)) return refused('time data does not match format')
  if (from > to) return refused('start_date cannot be after end_date')
  if (from < firstDay || to > today) return refused(`Date must be between Jun 16, 1995 and ${today}.`)
  return json(daysBetween(from, to).map(pictureOf))
}

function pictureOf(day: string): Record<string, unknown> {
  const roll = dice(`apod ${day}`)
  const title = pick(roll, subjects)
  const about = { date: day, explanation: `${title}, as seen on ${day}.`, service_version: 'v1', title }
  const kind = roll()
  if (kind < 0.12)
    return {
      ...about,
      media_type: 'video',
      url: 'https://www.youtube.com/embed/V_Kd4YBNs7c?rel=0',
      thumbnail_url: 'https://img.youtube.com/vi/V_Kd4YBNs7c/0.jpg',
    }
  if (kind < 0.15)
    return { ...about, media_type: 'other', url: 'https://apod.nasa.gov/apod/image/1803/AstroSoM/hudf.html' }
  const file = `https://apod.nasa.gov/apod/image/${day.slice(2, 4)}${day.slice(5, 7)}/picture`
  const credit = roll() < 0.6 ? { copyright: 'A.\nPhotographer' } : {}
  return { ...about, ...credit, media_type: 'image', url: `${file}_960.jpg`, hdurl: `${file}.jpg` }
}

function refused(msg: string): Answer {
  return json({ code: 400, msg, service_version: 'v1' }, 400)
}

function easternDay(now: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' }).format(now)
}
